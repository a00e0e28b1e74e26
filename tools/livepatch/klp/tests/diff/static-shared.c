// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/*
 * Both counts are called alike, and foo() uses them in another order now: bar(), which did
 * not change, tells which is which.
 */
// has: PC32 .* \.klp\.sym\.vmlinux\.count\.0,1
// not: count\.1
#include "kernel.h"
#define inline inline __attribute__((always_inline))
static inline int tick(int a)
{
	static int count;

	return count += a;
}

static inline int tock(int a)
{
	static int count;

	return count -= a;
}

int foo(int a)
{
	return EITHER(tick(a) + 3 * tock(a), tock(a));
}

int bar(int a)
{
	return tock(a) + 5 * tick(a);
}
