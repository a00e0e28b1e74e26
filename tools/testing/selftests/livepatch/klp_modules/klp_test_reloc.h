/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References to symbols that nobody exports.
 *
 * An undefined symbol called ".klp.sym.<object>.<name>,<pos>" is what
 * klp-relocs turns into a livepatch symbol.  The references are weak, so
 * modpost accepts the module as it is.
 */
#ifndef KLP_TEST_RELOC_H
#define KLP_TEST_RELOC_H

struct task_struct;

extern char *vmlinux_saved_command_line
	asm("\".klp.sym.vmlinux.saved_command_line,0\"");
extern int tgt_secret_nr
	asm("\".klp.sym.klp_test_tgt_00.tgt_secret_nr,0\"");

int vmlinux_task_curr(const struct task_struct *task)
	asm("\".klp.sym.vmlinux.task_curr,0\"");
int tgt_secret_fn(int add)
	asm("\".klp.sym.klp_test_tgt_00.tgt_secret_fn,0\"");

#pragma weak vmlinux_saved_command_line
#pragma weak tgt_secret_nr
#pragma weak vmlinux_task_curr
#pragma weak tgt_secret_fn

#endif
