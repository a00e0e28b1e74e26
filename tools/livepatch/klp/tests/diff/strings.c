// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* A string more moves the others: only who says something else changed. */
// has: \.rodata\.klp\.str1
// not: OBJECT
#include "kernel.h"
int foo(int a)
{
	return exp_printk(EITHER("value\n", "another value\n")) + exp_printk("same\n");
}

int bar(int a)
{
	return exp_printk("same\n") + exp_printk("value of bar\n");
}

int baz(int a)
{
	return exp_printk("the third\n") + a;
}
