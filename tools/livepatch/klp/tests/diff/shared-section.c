// SPDX-License-Identifier: GPL-2.0
// = change second: changed
// = written
/* The assembler resolved the calls in .sched.text: they are relocations again. */
// has: P[CL]T?32 .* \.klp\.sym\.vmlinux\.first,1 - 4
// has: \.text\.second
// not: \.sched\.text
#include "kernel.h"
static noinline int __sched first(int a)
{
	asm volatile("" : "+r" (a));
	return a + 1;
}

int __sched third(int a);
int __sched second(int a)
{
	return first(a) * EITHER(3, 4) + first(a + 1);
}

int __sched third(int a)
{
	return first(a) + 6;
}
