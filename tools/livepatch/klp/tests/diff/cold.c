// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* The part that rarely runs belongs to the function. */
// has: FUNC +LOCAL .* foo\.cold$
// has: \.text\.unlikely\.foo
// has: P[CL]T?32 .* \.text\.unlikely\.foo
#include "kernel.h"
__cold int exp_panic(const char *fmt, ...);
int foo(int a)
{
	if (unlikely(a == 7)) {
		exp_panic(EITHER("seven", "7"));
		return a * 5;
	}
	return a + 1;
}

int bar(int a)
{
	if (unlikely(a == 7)) {
		exp_panic("bar");
		return a * 5;
	}
	return a + 1;
}
