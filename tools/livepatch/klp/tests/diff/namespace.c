// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* An export for a namespace is referred to as what is not exported. */
// has: \.klp\.sym\.vmlinux\.exp_ns_helper,0
// has: UND exp_helper$
// not: UND exp_ns_helper
#include "kernel.h"
int exp_ns_helper(int a);
int exp_helper(int a);
int foo(int a)
{
	return exp_ns_helper(a) + exp_helper(a) + EITHER(1, 2);
}
