// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* Calls by pointer go through thunks that every module may use. */
// has: UND __x86_indirect_thunk
#include "kernel.h"
int foo(int (*fn)(int))
{
	return fn(EITHER(1, 2)) + 1;
}
