// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = refused runtime_const: tests/diff/runtime-shift.c:8: function foo()
// = nothing written
/* An immediate of a byte has no room for a load. */
#include "kernel.h"
extern unsigned int bits;
int foo(int a)
{
	return runtime_shift(a, bits) + EITHER(1, 2);
}
