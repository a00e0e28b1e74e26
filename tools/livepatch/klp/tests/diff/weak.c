// SPDX-License-Identifier: GPL-2.0
// = change used: changed
// = written
/* A weak function is replaced, but not that of another file which overrides it. */
// not: other_one
#include "kernel.h"
__attribute__((weak)) int other_one(int a)
{
	return exp_printk("weak") + EITHER(1, 2);
}

__attribute__((weak)) int used(int a)
{
	return exp_printk("used") + EITHER(1, 2);
}
