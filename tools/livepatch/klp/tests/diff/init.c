// SPDX-License-Identifier: GPL-2.0
// = change setup: changed
// = refused init: tests/diff/init-after.h:2: function setup()
// = refused init: tests/diff/init.c:15: variable early
// = nothing written
/* What ran at boot is gone.  What is written there is compared, so it is in two files. */
#include "kernel.h"
#ifdef AFTER
#include "init-after.h"
#else
#include "init-before.h"
#endif

/* the same for its data */
int __section(".init.data") early = EITHER(5, 6);
