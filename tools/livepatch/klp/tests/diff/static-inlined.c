// SPDX-License-Identifier: GPL-2.0
// = added tell
// = change bar: changed
// = change foo: changed
// = reference limit: vmlinux limit,0
// = reference outer: vmlinux outer,0
// = written
/* The compiler no longer inlines what has the variable: it is still the same one. */
// has: \.klp\.sym\.vmlinux\.calls\.0,1
// not: OBJECT .* calls
#include "kernel.h"
extern int limit;
static EITHER(inline __attribute__((always_inline)), noinline) int tell(int a)
{
	static int calls;

	calls += a;
	return outer(calls);
}

int foo(int a)
{
	return tell(a) + limit;
}

int bar(int a)
{
	return EITHER(a, tell(a));
}
