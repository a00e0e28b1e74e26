// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* Behind the address comes an immediate, which it must not be mistaken for a neighbour's. */
// has: PC32 .* \.klp\.sym\.vmlinux\.second,1 - 8
// not: \.klp\.sym\.vmlinux\.first
#include "kernel.h"
static int first __section(".data..read_mostly") = 1;
static int second __section(".data..read_mostly") = 2;
int foo(int a)
{
	second = EITHER(1000, 2000);
	return a;
}

int bar(int a)
{
	return first++ + second++;
}
