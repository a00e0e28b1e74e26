// SPDX-License-Identifier: GPL-2.0
// = refused data: tests/diff/data-const.c:6: variable table
// = nothing written
/* The same bytes, but now they may be written: the kernel's may not. */
#include "kernel.h"
EITHER(const,) int table[] = { 1, 2, 3 };
int foo(int a)
{
	return a;
}
