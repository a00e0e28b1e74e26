// SPDX-License-Identifier: GPL-2.0
// = added own_key
// = change foo: changed
// = reference global_key: vmlinux global_key,0
// = written
/* Keys of the kernel, one of our own; the local one by its exact name. */
// has: __jump_table +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 000030
// has: PC64 .* \.klp\.sym\.vmlinux\.local_key,1 \+ 0
// has: PC64 .* global_key \+ 0
#include "kernel.h"
extern struct static_key global_key;
static struct static_key local_key;
NEW(static struct static_key own_key;)
int foo(int a)
{
	if (static_branch(global_key))
		a += exp_printk("1") EITHER(,+ 1);
	if (static_branch(local_key))
		a += 2;
	NEW(if (static_branch(own_key)) a += 3;)
	return a;
}

int bar(int a)
{
	if (static_branch(local_key))
		a += 5;
	local_key.enabled = a;
	return a;
}
