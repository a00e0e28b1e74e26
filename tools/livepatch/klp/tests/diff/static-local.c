// SPDX-License-Identifier: GPL-2.0
// = change bar: changed
// = written
/* count.1 of bar() has another number now; what it needs is its own, by its old name. */
// has: \.klp\.sym\.vmlinux\.count\.1,1
// not: OBJECT
#include "kernel.h"
int bar(int a)
{
	static int count = 5;

	count += a;
	return count * EITHER(2, 3);
}

int foo(int a)
{
	static int count = 5;

	count -= a;
	return count;
}

#ifdef AFTER
noinline __used static int extra(int a)
{
	static int count, other;

	return (count += a) + other++;
}
#endif
