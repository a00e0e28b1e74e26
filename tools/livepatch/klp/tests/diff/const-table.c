// SPDX-License-Identifier: GPL-2.0
// = change foo: uses names, which changed
// = written
/* Constants that only functions of the file use change with these. */
// has: OBJECT +LOCAL .* names
#include "kernel.h"
int foo(unsigned int a)
{
	static const int names[] = { 1, 2, EITHER(3, 33), 4, 5, 6, 7, 8 };

	return names[a & 7];
}

int bar(unsigned int a)
{
	static const int names[] = { 8, 7, 6, 5, 4, 3, 2, 1 };

	return names[a & 7];
}
