// SPDX-License-Identifier: GPL-2.0
// = refused data: tests/diff/data.c:8: variable table
// = refused data: tests/diff/data.c:9: variable text
// = nothing written
/* Data that the kernel has in use cannot be changed; nor what it refers to. */
#include "kernel.h"
extern int value;
int table[4] = { 1, 2, EITHER(3, 4) };
const char *text[] = { EITHER("old", "new"), "same" };
int fine[2] = { 7, 8 };

int foo(int a)
{
	return table[a] + fine[a] + *text[a];
}
