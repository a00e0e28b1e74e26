// SPDX-License-Identifier: GPL-2.0
// = change part.isra.0: changed
// = written
/* The compiler gave clones other numbers: the kernel knows them by the old ones. */
#include "kernel.h"
int part(int a) asm(EITHER("part.isra.0", "part.isra.3"));
noinline int part(int a)
{
	asm volatile("");
	return a + EITHER(1, 2);
}

int other(int a) asm(EITHER("part.isra.1", "part.isra.4"));
noinline int other(int a)
{
	asm volatile("");
	return a * 5;
}

int user(int a)
{
	return part(a) + other(a);
}
