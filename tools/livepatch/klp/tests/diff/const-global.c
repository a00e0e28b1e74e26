// SPDX-License-Identifier: GPL-2.0
// = refused data: tests/diff/const-global.c:7: variable ops
// = nothing written
/* A constant structure, changed, that data refers to */
#include "kernel.h"
int foo(int a) { return a; }
const struct { int (*fn)(int); int flags; } ops = { foo, EITHER(1, 2) };
