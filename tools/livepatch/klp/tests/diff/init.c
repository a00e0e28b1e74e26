// SPDX-License-Identifier: GPL-2.0
// = change setup: changed
// = refused init: tests/diff/init.c:8: function setup()
// = refused init: tests/diff/init.c:15: variable early
// = nothing written
/* What ran at boot is gone. */
#include "kernel.h"
int __init setup(int a)
{
	outer(a);
	return outer(EITHER(1, 2));
}

/* the same for its data */
int __section(".init.data") early = EITHER(5, 6);
