// SPDX-License-Identifier: GPL-2.0
/*
 * Catches a thread between the choice of a version and its first instruction.
 *
 * The thread calls klp_target_value().  A second user of ftrace there makes ftrace
 * walk its list of users with preemption off; this one wakes a thread of higher
 * priority on the same CPU.  So the caller is preempted at the end of the walk: by
 * then the patch's handler has chosen, and nothing has jumped yet.  It stays there
 * until "release" is written.
 */
#include <linux/cpumask.h>
#include <linux/ftrace.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "klp_test_target.h"

static int caught;
module_param(caught, int, 0444);
MODULE_PARM_DESC(caught, "the thread has been preempted there");

static int release;
module_param(release, int, 0644);
MODULE_PARM_DESC(release, "let the thread go on");

static int value = -1;
module_param(value, int, 0444);
MODULE_PARM_DESC(value, "what the call has returned, -1 until then");

static struct task_struct *caller, *hog;
static bool armed = true;
static bool calling;

static void notrace wake_hog(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	if (current == READ_ONCE(caller) && xchg(&armed, false))
		wake_up_process(hog);
}

static struct ftrace_ops wake_ops = { .func = wake_hog };

/* The frame of klp_target_value()'s caller is nobody's to wait for */
static int call_until_caught(void *unused)
{
	int ret = -1;

	while (!READ_ONCE(caught) && !kthread_should_stop()) {
		WRITE_ONCE(calling, true);
		ret = klp_target_value();
		WRITE_ONCE(calling, false);
		cond_resched();
	}
	WRITE_ONCE(value, ret);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Preempts the caller when that wakes it.  Both are real-time threads: beside this one
 * the caller gets nothing, and ordinary ones get their share of each second.
 */
static int hog_cpu(void *unused)
{
	while (!kthread_should_stop() && !READ_ONCE(caught)) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(armed))
			schedule();
		__set_current_state(TASK_RUNNING);
		if (READ_ONCE(calling))
			WRITE_ONCE(caught, 1);
		WRITE_ONCE(armed, true);
	}
	while (!READ_ONCE(release) && !kthread_should_stop()) {
		cpu_relax();	/* an emulated machine goes on with its other CPUs */
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static struct task_struct *start(int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, NULL, "klp_test_%s", name);

	if (!IS_ERR(task)) {
		kthread_bind(task, cpumask_last(cpu_online_mask));
		get_task_struct(task);
	}
	return task;
}

static void stop(struct task_struct *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

static int __init caught_init(void)
{
	int ret;

	ret = ftrace_set_filter_ip(&wake_ops, (unsigned long)klp_target_value, 0, 0) ?:
	      register_ftrace_function(&wake_ops);
	if (ret)
		goto err_filter;
	hog = start(hog_cpu, "hog");
	ret = PTR_ERR_OR_ZERO(hog);
	if (ret)
		goto err_ops;
	caller = start(call_until_caught, "caller");
	ret = PTR_ERR_OR_ZERO(caller);
	if (ret)
		goto err_hog;

	sched_set_fifo_low(caller);
	sched_set_fifo(hog);
	wake_up_process(hog);
	wake_up_process(caller);
	return 0;

err_hog:
	stop(hog);
err_ops:
	unregister_ftrace_function(&wake_ops);
err_filter:
	ftrace_free_filter(&wake_ops);
	return ret;
}

static void __exit caught_exit(void)
{
	stop(hog);
	stop(caller);
	unregister_ftrace_function(&wake_ops);
	ftrace_free_filter(&wake_ops);
}

module_init(caught_init);
module_exit(caught_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a thread preempted on its way to a new version");
