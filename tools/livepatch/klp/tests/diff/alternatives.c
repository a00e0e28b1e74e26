// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = change slow: changed
// = reference features: vmlinux features,0
// = written
/* The entries of the function come along, those of others do not; a new feature is a change. */
// has: \.altinstructions +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 00002a
// has: \.altinstr_aux
// has: P[CL]T?32 .* exp_clear - 4
#include "kernel.h"
int foo(int a)
{
	alternative("nop; nop", "clac", EITHER("0x13", "0x14"));
	alternative("call exp_clear", "call exp_clear_fast", "7");
	return a;
}

int bar(int a)
{
	alternative("nop; nop", "clac", "0x13");
	if (has_feature(4))
		return 5;
	return a;
}

int slow(int a)
{
	if (has_feature(8))
		return 5 + EITHER(a, 7);
	return a;
}
