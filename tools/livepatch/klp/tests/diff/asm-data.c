// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = reference template: vmlinux template,0
// = reference template_end: vmlinux template_end,0
// = written
/* Symbols of the assembler have no size: what is between them is theirs. */
// not: OBJECT
#include "kernel.h"
extern const char template[], template_end[];
asm(".pushsection .rodata\n.globl template, template_end\n"
    "template: nop\n call exp_printk\n ret\ntemplate_end:\n.popsection");

int foo(int a)
{
	asm volatile("" : : "r" (template), "r" (template_end));
	return a + EITHER(1, 2);
}
