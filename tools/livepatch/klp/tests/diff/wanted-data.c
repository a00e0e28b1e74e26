// SPDX-License-Identifier: GPL-2.0
// with: +count
// = refused static: tests/diff/wanted-data.c:6: variable count
// = nothing written
#include "kernel.h"
EITHER(static,) int count;
int foo(int a)
{
	return a + count++;
}
