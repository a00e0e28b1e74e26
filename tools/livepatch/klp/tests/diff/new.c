// SPDX-License-Identifier: GPL-2.0
// = added fresh
// = added fresh_data
// = added fresh_global
// = added fresh_ops
// = change foo: changed
// = reference outer: vmlinux outer,0
// = written
/* New functions and data come along; what other objects of the patch may use is global. */
// has: FUNC +LOCAL .* fresh$
// has: FUNC +GLOBAL .* fresh_global$
// has: OBJECT +LOCAL .* fresh_data$
#include "kernel.h"
#ifdef AFTER
static int fresh_data = 42;
static noinline int fresh(int a)
{
	asm volatile("");
	return outer(a) + fresh_data;
}

static struct { int (*fn)(int); const char *name; } fresh_ops = { fresh, "fresh" };
noinline int fresh_global(int a) { return fresh(a) + fresh(3); }
#endif

int foo(int a)
{
	NEW(fresh_data++;)
	NEW(if (a) return fresh_ops.fn(a) + exp_printk(fresh_ops.name); fresh_ops.fn = 0;)
	return a NEW(+ fresh_global(a));
}
