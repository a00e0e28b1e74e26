// SPDX-License-Identifier: GPL-2.0
/*
 * Holds transitions: while the parameter "hold" is 1, a kthread sleeps in
 * holder_wait().  A patch of that function cannot complete before "hold" is 0.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static struct task_struct *holder;
static DEFINE_MUTEX(holder_mutex);

static noinline int holder_wait(struct completion *entered)
{
	complete(entered);

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);

	return 0;
}

static int holder_thread(void *entered)
{
	int ret = holder_wait(entered);

	/* Not a tail call: the frame must not vanish. */
	barrier();
	return ret;
}

static int holder_start(void)
{
	DECLARE_COMPLETION_ONSTACK(entered);
	struct task_struct *task;

	task = kthread_run(holder_thread, &entered, "klp_test_holder");
	if (IS_ERR(task))
		return PTR_ERR(task);

	wait_for_completion(&entered);
	holder = task;

	return 0;
}

static void holder_stop(void)
{
	kthread_stop(holder);
	holder = NULL;
}

static int hold_set(const char *val, const struct kernel_param *kp)
{
	bool hold;
	int ret;

	ret = kstrtobool(val, &hold);
	if (ret)
		return ret;

	mutex_lock(&holder_mutex);
	if (hold && !holder)
		ret = holder_start();
	else if (!hold && holder)
		holder_stop();
	mutex_unlock(&holder_mutex);

	return ret;
}

static int hold_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", !!READ_ONCE(holder));
}

static const struct kernel_param_ops hold_ops = {
	.set = hold_set,
	.get = hold_get,
};
module_param_cb(hold, &hold_ops, NULL, 0644);

static int __init holder_init(void)
{
	return 0;
}

static void __exit holder_exit(void)
{
	if (holder)
		holder_stop();
}

module_init(holder_init);
module_exit(holder_exit);
MODULE_DESCRIPTION("Livepatch test: a task asleep in a function");
MODULE_LICENSE("GPL");
