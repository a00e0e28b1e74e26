// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = reference base: vmlinux base,0
// = written
/* The kernel does not fix up constants in modules: it is loaded instead. */
// has: PC32 .* base - 4
// has: mov +0x0\(%rip\),%r.. .*
// has: nopl +\(%rax\)
// not: runtime_ptr
// not: 0123456789abcdef
#include "kernel.h"
int foo(int a)
{
	return a + runtime_const(base) + EITHER(1, 2);
}
