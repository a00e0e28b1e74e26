// SPDX-License-Identifier: GPL-2.0
// = refused data: tests/diff/data-size.c:6: variable table
// = nothing written
/* More elements in a variable that other files may use */
#include "kernel.h"
int table[EITHER(4, 5)];
int foo(int a)
{
	return a;
}
