// SPDX-License-Identifier: GPL-2.0
/*
 * Replaces a function that exiting tasks run after they left the task list.
 * Threads named klp_exitN sleep in it at gate N.  So does the end of the transition, at
 * that of its parameter.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "klp_test_target.h"

/* The original gives memory accounting back; a test machine can do without. */
static void klp_new_exit_task_stack_account(struct task_struct *tsk)
{
	unsigned int gate;

	if (sscanf(tsk->comm, "klp_exit%u", &gate) == 1 && gate < KLP_TEST_GATES)
		klp_test_wait(gate);
	barrier();
}

static int end_gate = -1;
module_param(end_gate, int, 0444);
MODULE_PARM_DESC(end_gate, "where post_patch sleeps");

static void klp_test_post_patch(struct klp_object *obj)
{
	if (end_gate >= 0 && end_gate < KLP_TEST_GATES)
		klp_test_wait(end_gate);
}

static struct klp_func klp_test_funcs[] = {
	{
		.old_name = "exit_task_stack_account",
		.new_func = klp_new_exit_task_stack_account,
	},
	{ }
};

static struct klp_object klp_test_objs[] = {
	{
		.funcs = klp_test_funcs,
		.callbacks.post_patch = klp_test_post_patch,
	},
	{ }
};

static struct klp_patch klp_test_patch = {
	.mod = THIS_MODULE,
	.objs = klp_test_objs,
};

static int __init klp_test_p_exit_init(void)
{
	return klp_enable_patch(&klp_test_patch);
}

static void __exit klp_test_p_exit_exit(void)
{
}

module_init(klp_test_p_exit_init);
module_exit(klp_test_p_exit_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a patch for the exit path");
MODULE_INFO(livepatch, "Y");
