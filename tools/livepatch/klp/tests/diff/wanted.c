// SPDX-License-Identifier: GPL-2.0
// with: +fresh +opened -helper
// = added fresh
// = reference outer: vmlinux outer,0
// = written
/* Another object of the patch uses fresh() and opened(), which was static, and has helper(). */
// has: FUNC +GLOBAL .* fresh$
// has: FUNC +GLOBAL .* opened$
// has: \.klp\.sym\.vmlinux\.count,1
// has: UND helper$
// not: foo
#include "kernel.h"
int helper(int a);
static int count;
EITHER(static,) noinline int opened(int a)
{
	return outer(a) + count++;
}

NEW(int fresh(int a) { return helper(a); })
int (*user)(int) = opened;
int foo(int a) { return opened(a) + 5; }
