// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = reference __SCK__hook: vmlinux __SCK__hook,0
// = reference __SCT__hook: vmlinux __SCT__hook,0
// = written
/* objtool finds the key by its name. */
// has: UND __SCK__hook$
#include "kernel.h"
int __SCT__hook(int a);
int foo(int a)
{
	return __SCT__hook(a) + EITHER(1, 2);
}
