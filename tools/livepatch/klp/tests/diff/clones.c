// SPDX-License-Identifier: GPL-2.0
// = change kept: changed
// = change part.constprop.0: changed
// = written
/* Clones of the compiler are functions with a number in their name. */
// has: FUNC +LOCAL .* part\.constprop\.0$
#include "kernel.h"
static noinline int part(int a, int b)
{
	asm volatile("" : "+r" (a));
	return exp_printk("part %d %d\n", a, b) * EITHER(a, (a + 3));
}

int foo(int a) { return part(a, 5) + 1; }
int bar(int a) { return part(a + 1, 5) + 2; }
int kept(int a) { return part(a + 1, 5) + EITHER(3, 4); }
