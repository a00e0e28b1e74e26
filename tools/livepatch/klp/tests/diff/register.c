// SPDX-License-Identifier: GPL-2.0
// = refused register: tests/diff/register.c:0: .initcall6.init of setup_new
// = refused register: tests/diff/register.c:16: variable parameter
// = nothing written
/* The kernel looks at such sections once. */
#include "kernel.h"
int __init setup(int a) { return outer(a); }
initcall(setup);
#ifdef AFTER
int __init setup_new(int a) { return outer(a); }
initcall(setup_new);
/*
 * Where a module has its parameters
 *
 */
static int __used parameter __section("__param") = 1;
#endif
