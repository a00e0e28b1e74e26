// SPDX-License-Identifier: GPL-2.0
// = change exp_foo: changed
// = change local: changed
// = change other: changed
// = change plain: changed
// = written
/*
 * A function that is replaced: calls go to the new one, its address is that of the old
 * one, which then cannot be called by its plain name.
 */
// has: P[CL]T?32 .* exp_foo - 4
// has: \.klp\.sym\.vmlinux\.exp_foo,0
// has: \.klp\.sym\.vmlinux\.local,1
// has: \.klp\.sym\.vmlinux\.plain,0
// not: UND plain$
// not: UND exp_foo$
#include "kernel.h"
void exp_register(void *fn);
noinline int exp_foo(int a)
{
	asm volatile("");
	return a + EITHER(1, 2);
}

noinline int plain(int a)
{
	asm volatile("");
	return a + EITHER(5, 6);
}

static noinline int local(int a)
{
	asm volatile("");
	return a + EITHER(3, 4);
}

int other(int a)
{
	exp_register(exp_foo);
	exp_register(local);
	exp_register(plain);
	return exp_foo(a) + EITHER(1, 2) + local(a);
}
