// SPDX-License-Identifier: GPL-2.0
// = refused export: tests/diff/export.c:0: export of bar
// = nothing written
#include "kernel.h"
int foo(int a) { return a; }
int bar(int a) { return a; }
EXPORT_SYMBOL(foo);
NEW(EXPORT_SYMBOL(bar);)
