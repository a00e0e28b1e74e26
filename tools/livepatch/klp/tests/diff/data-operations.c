// SPDX-License-Identifier: GPL-2.0
// = nothing written
// = refused data: tests/diff/data-operations.c:21: variable operations
/* Who got the address of a struct with functions in it keeps that, longer than the module lives. */
#include "kernel.h"
struct operations {
	int (*read)(int a);
	int (*write)(int a);
};

static int read_one(int a)
{
	return a + 1;
}

static int read_two(int a)
{
	return a + 2;
}

static const struct operations operations = {
	.read = EITHER(read_one, read_two),
	.write = outer,
};

const struct operations *foo(int a)
{
	return a ? &operations : (void *)read_two;
}

int bar(int a)
{
	return read_one(a) + read_two(a);
}
