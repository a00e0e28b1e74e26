// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* setup() changed because of what was inlined into it: it has run, and foo() matters. */
#include "kernel.h"
static inline __attribute__((always_inline)) int part(int a)
{
	return exp_printk("part") + EITHER(1, 2);
}

int __init setup(int a)
{
	return part(a) + 3;
}

int foo(int a)
{
	return part(a) + 4;
}
