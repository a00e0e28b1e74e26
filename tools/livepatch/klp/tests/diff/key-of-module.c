// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = refused static_key: tests/diff/key-of-module.c:8: function foo()
// = nothing written
/* A jump label is sorted out before the module of its key need be there. */
#include "kernel.h"
extern struct static_key mod_key;
int foo(int a)
{
	if (static_branch(mod_key))
		a += 2;
	return a + EITHER(1, 2);
}
