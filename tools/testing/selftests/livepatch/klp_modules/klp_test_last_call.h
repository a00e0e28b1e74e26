/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For functions that end in a call which does not return.  Only for kernel
 * threads that klp_test_target started.
 */
#ifndef KLP_TEST_LAST_CALL_H
#define KLP_TEST_LAST_CALL_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/module.h>

#include "klp_test_target.h"

static noinline __used __noreturn void klp_test_wait_exit(unsigned int gate)
{
	klp_test_wait(gate);
	__module_put_and_kthread_exit(klp_test_owner(), 0);
}

/*
 * The label makes the function end, for kallsyms too, right behind the call:
 * the return address on the stack is the end of the function.
 */
#ifdef CONFIG_X86_64
#define klp_test_last_call(gate, label)					\
do {									\
	asm volatile("call klp_test_wait_exit\n"			\
		     #label ":\n" : : "D" (gate) : "memory");		\
	unreachable();							\
} while (0)
#else
#define klp_test_last_call(gate, label)					\
do {									\
	BUILD_BUG_ON(!sizeof(#label));					\
	klp_test_wait_exit(gate);					\
} while (0)
#endif

#endif
