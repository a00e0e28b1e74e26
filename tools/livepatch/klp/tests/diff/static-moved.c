// SPDX-License-Identifier: GPL-2.0
// = added count.0
// = change bar: changed
// = change foo: changed
// = refused static: tests/diff/static-moved.c:26: variable count.0
// = nothing written
/* Two functions, each with a count of its own: that of bar() is not that foo() had. */
#include "kernel.h"
int foo(int a)
{
	EITHER(static,) int count = 0;

	count += a;
	return count;
}

int bar(int a)
{
#ifdef AFTER
	/*
	 * it counts now
	 */
#endif
	/* what it counts */
	/* is this: */
	EITHER(,static) int count = 0;

	count += a;
	return count;
}
