// SPDX-License-Identifier: GPL-2.0
/*
 * Who calls the functions of the torture test: kernel threads, a timer's interrupt,
 * and whoever writes to the file "run" in debugfs:
 *
 *	run		call some functions
 *	hold FUNC	sleep in that function until released
 *	jump FUNC	the same, in one of the same patch that it ends with
 *	parent		about to fork: keep what was seen of this task
 *	child		the child of who wrote that, whom it must not be behind
 *
 * What was seen of a task belongs to the open file, so a task opens one for itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "klp_torture.h"

static unsigned int threads = 2;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "number of kernel threads");

static unsigned int burst = 16;
module_param(burst, uint, 0644);
MODULE_PARM_DESC(burst, "runs of a thread before it sleeps");

static unsigned int tick_us = 1000;
module_param(tick_us, uint, 0644);
MODULE_PARM_DESC(tick_us, "between two interrupts");

/* ---- kernel threads ---- */

#define KLP_TORTURE_THREADS	16

static struct task_struct *klp_torture_thread[KLP_TORTURE_THREADS];

static int klp_torture_loop(void *unused)
{
	struct klp_torture_task task = {};
	unsigned int runs = 0;

	/* What patches wait for goes first: there are more transitions then */
	set_user_nice(current, 10);
	while (!kthread_should_stop()) {
		klp_torture_run(&task, 0);
		if (++runs % burst)
			cond_resched_tasks_rcu_qs();
		else
			schedule_timeout_interruptible(1);
	}
	return 0;
}

static void klp_torture_threads_stop(void)
{
	int i;

	for (i = 0; i < KLP_TORTURE_THREADS; i++)
		if (klp_torture_thread[i])
			kthread_stop(klp_torture_thread[i]);
}

static int klp_torture_threads_start(void)
{
	struct task_struct *task;
	int i;

	for (i = 0; i < threads && i < KLP_TORTURE_THREADS; i++) {
		task = kthread_run(klp_torture_loop, NULL, "klp_torture/%d", i);
		if (IS_ERR(task)) {
			klp_torture_threads_stop();
			return PTR_ERR(task);
		}
		klp_torture_thread[i] = task;
	}
	return 0;
}

/* ---- interrupts ---- */

static struct hrtimer klp_torture_timer;

static enum hrtimer_restart klp_torture_tick(struct hrtimer *timer)
{
	klp_torture_run(NULL, KLP_TORTURE_ATOMIC);
	hrtimer_forward_now(timer, ns_to_ktime((u64)tick_us * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* ---- other tasks ---- */

/**
 * struct klp_torture_user - an open file
 * @task:	what was seen of the task that writes
 * @before:	of the parent, when it was about to fork
 */
struct klp_torture_user {
	struct klp_torture_task task;
	struct klp_torture_task before;
};

static int klp_torture_open(struct inode *inode, struct file *file)
{
	struct klp_torture_user *user = kzalloc(sizeof(*user), GFP_KERNEL);

	file->private_data = user;
	return user ? nonseekable_open(inode, file) : -ENOMEM;
}

static int klp_torture_close(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static int klp_torture_do(struct klp_torture_user *user, const char *text)
{
	struct klp_torture_task child;
	unsigned int func;

	if (sysfs_streq(text, "run")) {
		klp_torture_run(&user->task, 0);
	} else if (sysfs_streq(text, "parent")) {
		user->before = user->task;
	} else if (sysfs_streq(text, "child")) {
		child = user->before;
		klp_torture_run(&child, KLP_TORTURE_CHILD);
	} else if (sscanf(text, "hold %u", &func) == 1 && func < KLP_TORTURE_E) {
		klp_torture_hold(&user->task, func, false);
	} else if (sscanf(text, "jump %u", &func) == 1 && func < KLP_TORTURE_E) {
		klp_torture_hold(&user->task, func, true);
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t klp_torture_write(struct file *file, const char __user *buf,
				 size_t len, loff_t *ppos)
{
	char text[16] = "";

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	return klp_torture_do(file->private_data, text) ?: len;
}

static const struct file_operations klp_torture_fops = {
	.owner = THIS_MODULE,
	.open = klp_torture_open,
	.release = klp_torture_close,
	.write = klp_torture_write,
};

static struct dentry *klp_torture_file;

static int __init klp_torture_work_init(void)
{
	int ret = klp_torture_threads_start();

	if (ret)
		return ret;
	klp_torture_file = debugfs_create_file("run", 0600, klp_torture_dir, NULL,
					       &klp_torture_fops);
	hrtimer_init(&klp_torture_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	klp_torture_timer.function = klp_torture_tick;
	hrtimer_start(&klp_torture_timer, ns_to_ktime((u64)tick_us * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_HARD);
	return 0;
}

static void __exit klp_torture_work_exit(void)
{
	hrtimer_cancel(&klp_torture_timer);
	debugfs_remove(klp_torture_file);
	klp_torture_threads_stop();
}

module_init(klp_torture_work_init);
module_exit(klp_torture_work_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: tasks");
