// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/*
 * Both counts are called alike, and foo() uses them in another order now: bar(), which did
 * not change, tells which is which.
 */
// has plain: 0000000000000007 .* \.klp\.sym\.vmlinux\.count\.0,1
// has padded: 000000000000001b .* \.klp\.sym\.vmlinux\.count\.0,1
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

#define both(first, second) ({							\
	int one = first(a);							\
	asm volatile("" : : : "memory");					\
	one + 3 * second(a); })

int foo(int a)
{
	return EITHER(both(tick, tock), both(tock, tick));
}

int bar(int a)
{
	return both(tock, tick);
}
