// SPDX-License-Identifier: GPL-2.0
// = nothing written
/* Nothing changed but the line numbers, which nothing but __bug_table has. */
#include "kernel.h"
#ifdef AFTER
#line 100
#endif
static int counter;

int foo(int a)
{
	if (a == 3)
		WARN(1);
	counter += a;
	return exp_printk("%d\n", counter);
}
