// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = refused notrace: tests/diff/notrace.c:7: function foo()
// = nothing written
/* ftrace cannot replace what it cannot trace. */
#include "kernel.h"
notrace int foo(int a)
{
	return outer(a) + EITHER(1, 2);
}
