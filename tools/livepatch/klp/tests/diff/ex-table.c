// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* Faults in the new code are fixed up, too. */
// has: __ex_table +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 00000c
// has: \.smp_locks +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 000004
#include "kernel.h"
static int counter __used;
int foo(int *a)
{
	int value;

	if (get_user(value, a))
		return 1;
	locked_inc(*a);
	return value + EITHER(1, 2);
}

int bar(int *a)
{
	int value;

	locked_inc(*a);
	return get_user(value, a) + value;
}
