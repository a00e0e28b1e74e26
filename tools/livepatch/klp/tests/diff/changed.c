// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = reference helper: vmlinux helper,0
// = written
/* One of three functions; it calls its neighbours, and a static one, as they are. */
// has: FUNC +LOCAL +DEFAULT +[0-9]+ foo$
// has: FUNC +GLOBAL +DEFAULT +[0-9]+ klp_new_7_0$
// has: \.klp\.sym\.vmlinux\.kept,1
// has: P[CL]T?32 .* \.klp\.sym\.vmlinux\.kept,1 - 4
// has: __mcount_loc
// has padded: 0000000000000010 +[0-9]+ FUNC +GLOBAL .* klp_new_7_0$
// has plain: 0000000000000000 +[0-9]+ FUNC +GLOBAL .* klp_new_7_0$
// not: bar$
#include "kernel.h"
static noinline int kept(int a)
{
	asm volatile("");
	return a + 1;
}

noinline int helper(int a)
{
	return kept(a) + kept(2 * a);
}

noinline int foo(int a)
{
	return helper(a) + kept(a) + EITHER(1, 2);
}

int bar(int a)
{
	return foo(a) + kept(a);
}
