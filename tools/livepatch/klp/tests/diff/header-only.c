// SPDX-License-Identifier: GPL-2.0
// = nothing written
/* A static function that nobody needs comes in, counters of the compiler go on. */
#include "kernel.h"
NEW(enum { more = __COUNTER__ };)
NEW(static inline int unused(int a) { static int count; return count += a; })
#define UNIQUE_(a, b) a##b
#define UNIQUE(a, b) UNIQUE_(a, b)
static const char *UNIQUE(__UNIQUE_ID_name, __COUNTER__) __used __section(".modinfo") = "x";

int foo(int a)
{
	static int count;

	return count += a;
}
