// SPDX-License-Identifier: GPL-2.0
// = nothing written
/* A function more in a shared section moves all others, and the calls between them. */
#include "kernel.h"
static noinline int __sched first(int a)
{
	asm volatile("" : "+r" (a));
	return a + 1;
}

#ifdef AFTER
int __sched between(int a);
int __sched __used between(int a) { return outer(a) * outer(a + 1) + a; }
#endif

int __sched third(int a)
{
	return first(a) + 6;
}

static int __used x __section(".data..read_mostly") = 5;
NEW(static int __used y __section(".data..read_mostly") = 6;)
static int z __section(".data..read_mostly") = 7;
int user(int a) { return z += a; }
