// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/*
 * A table of labels: in size and place they are the same, but the original's would lead
 * into the original.
 */
// has: OBJECT +LOCAL .* labels
// has: R_X86_64_64 .* \.text\.foo
#include "kernel.h"
int foo(unsigned int a)
{
	static const void *const labels[] = { &&one, &&two };

	goto *labels[a & 1];
one:
	return exp_printk("one") + EITHER(1, 2);
two:
	return exp_printk("two") + 3;
}
