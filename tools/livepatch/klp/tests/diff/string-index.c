// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* A literal that is indexed may be referred to from before its start: it comes whole. */
// has: \.rodata\..*str1.*PROGBITS
// not: klp\.str
#include "kernel.h"
int foo(unsigned int a)
{
	return "zyxwvutsrqponmlkjihgfedcba"[a - 1] + EITHER(1, 2);
}
