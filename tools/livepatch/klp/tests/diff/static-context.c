// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* Of two flags in one function one is left: the one of the message that is left. */
// has: \.klp\.sym\.vmlinux\.flag\.1,1
// not: flag\.2
#include "kernel.h"
int foo(int a)
{
	static int state;

#ifndef AFTER
	if (a & 1) {
		static int flag;

		if (!flag) {
			flag = 1;
			exp_printk("the first %d\n", a);
		}
	}
#endif
	if (a & 2) {
		static int flag;

		if (!flag) {
			flag = 1;
			exp_printk("the second %d\n", a);
		}
	}
	return state += a;
}
