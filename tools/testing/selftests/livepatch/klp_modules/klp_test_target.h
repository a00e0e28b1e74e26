/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions of klp_test_target that patches replace, and what those
 * replacements need from it.  A gate is a place to sleep at: a task that waits
 * at a closed gate sleeps until the test opens the gate.
 */
#ifndef KLP_TEST_TARGET_H
#define KLP_TEST_TARGET_H

#include <linux/compiler.h>

#define KLP_TEST_GATES	8

/* A function that keeps its own frame, body and call, whatever its body is. */
#if __has_attribute(__noipa__)
#define __klp_noipa __attribute__((__noipa__))
#else
#define __klp_noipa
#endif

/* Patched by the tests. */
int klp_target_value(void);
int klp_target_sleep(unsigned int gate);
int klp_target_caller(unsigned int gate);
int klp_target_deep(unsigned int gate, unsigned int depth);
int klp_target_tail_a(unsigned int gate);
int klp_target_tail_b(unsigned int gate);
int klp_target_alias_a(void);
int klp_target_alias_b(void);
int klp_target_last_call(unsigned int gate);
int klp_target_cold(unsigned int gate);
int klp_target_idle(unsigned int gate);

/* Exported to the replacements. */
int klp_test_wait(unsigned int gate);
int klp_test_idle(unsigned int gate);
/* Makes the branch that calls it cold, even where the kernel's __cold is empty. */
__attribute__((__cold__)) int klp_test_wait_cold(unsigned int gate);
struct module *klp_test_owner(void);

#endif
