// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
// has: OBJECT +LOCAL .* lost_table$
// not: UND lost_table
/* Constants that have no name in the kernel are taken along. */
#include "kernel.h"
static const int lost_table[8] = { 4, 3, 2, 1, 6, 7, 8, 9 };
int foo(int a)
{
	return lost_table[a & 7] + EITHER(1, 2);
}
