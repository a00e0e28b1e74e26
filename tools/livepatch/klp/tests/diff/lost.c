// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = refused symbol: tests/diff/lost.c:11: function foo()
// = nothing written
/* The kernel does not have what foo() refers to; constants it may have of its own. */
#include "kernel.h"
static int lost_counter;
static const int lost_table[8] = { 4, 3, 2, 1, 6, 7, 8, 9 };

/* reads both */
int foo(int a)
{
	lost_counter += a;
	return lost_table[a & 7] + EITHER(1, 2);
}

int bar(int a) { return lost_counter += lost_table[a]; }
