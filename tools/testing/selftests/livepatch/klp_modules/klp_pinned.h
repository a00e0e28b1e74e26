/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The body of a patch that gets forced and then stays loaded for ever.  It
 * needs nothing of klp_test_target but that it is patched, so that one can go.
 *
 * Tasks in its klp_target_sleep() wait until the parameter "open" is written.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(klp_test_wq);
static bool klp_test_opened;

static int klp_test_open_set(const char *val, const struct kernel_param *kp)
{
	WRITE_ONCE(klp_test_opened, true);
	wake_up_all(&klp_test_wq);
	return 0;
}

static const struct kernel_param_ops klp_test_open_ops = {
	.set = klp_test_open_set,
};
module_param_cb(open, &klp_test_open_ops, NULL, 0200);
MODULE_PARM_DESC(open, "lets the sleepers go on");

static int waiters;
module_param(waiters, int, 0444);
MODULE_PARM_DESC(waiters, "how many sleep in it");

static noinline int klp_new_sleep(unsigned int gate)
{
	waiters++;
	wait_event_killable(klp_test_wq, READ_ONCE(klp_test_opened));
	waiters--;
	return KLP_TEST_ID;
}

static struct klp_func klp_test_funcs[] = {
	{
		.old_name = "klp_target_sleep",
		.new_func = klp_new_sleep,
	},
	{ }
};

static struct klp_object klp_test_objs[] = {
	{
		.name = "klp_test_target",
		.funcs = klp_test_funcs,
	},
	{ }
};

static struct klp_patch klp_test_patch = {
	.mod = THIS_MODULE,
	.objs = klp_test_objs,
};

static int __init klp_pinned_init(void)
{
	return klp_enable_patch(&klp_test_patch);
}

static void __exit klp_pinned_exit(void)
{
}

module_init(klp_pinned_init);
module_exit(klp_pinned_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a patch to be forced");
MODULE_INFO(livepatch, "Y");
