// SPDX-License-Identifier: GPL-2.0
// new
// with: +fresh
// = added fresh
// = added part
// = reference outer: vmlinux outer,0
// = written
/* A source that is new: what others use of it, and what that needs. */
// not: unused
#include "kernel.h"
static noinline int part(int a) { return outer(a) + 1; }
int fresh(int a) { return part(a) + 2; }
int unused(int a) { return part(a) + 3; }
