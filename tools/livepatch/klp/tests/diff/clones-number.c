// SPDX-License-Identifier: GPL-2.0
// = change part.isra.0: changed
// = written
/* The compiler gave a clone another number: the kernel knows it by the old one. */
#include "kernel.h"
int part(int a) asm(EITHER("part.isra.0", "part.isra.3"));
noinline int part(int a)
{
	asm volatile("");
	return a + EITHER(1, 2);
}

int user(int a)
{
	return part(a) + 1;
}
