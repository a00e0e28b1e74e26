// SPDX-License-Identifier: GPL-2.0
// = added init_it
// = declared pre_patch klp_cb_7_0
// = reference outer: vmlinux outer,0
// = written
/* Callbacks that the patched source declares */
// has: FUNC +GLOBAL .* klp_cb_7_0$
#include "kernel.h"
#ifdef AFTER
static int init_it(void *object) { return outer(1); }
static int (*__klp_pre_patch_callback_vmlinux)(void *) __used
	__section(".discard.klp_callback_ptrs") = init_it;
#endif
int foo(int a) { return a; }
