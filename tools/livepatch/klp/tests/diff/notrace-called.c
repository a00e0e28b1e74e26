// SPDX-License-Identifier: GPL-2.0
// = change bar: calls foo, which changed and cannot be replaced
// = change baz: calls foo, which changed and cannot be replaced
// = reference outer: vmlinux outer,0
// = written
/* An inline function that was not inlined: its callers take the new one. */
// has: FUNC +LOCAL .* foo$
// has: P[CL]T?32 .* foo - 4
// not: klp\.sym
#include "kernel.h"
static notrace noinline int foo(int a)
{
	return outer(a) + EITHER(1, 2);
}

noinline int bar(int a) { return foo(a) + 1; }
noinline int baz(int a) { return foo(a) + 2; }
/* has run: need not */
int __init setup(int a) { return foo(a) + 3; }
int kept(int a) { return bar(a) + baz(a); }
