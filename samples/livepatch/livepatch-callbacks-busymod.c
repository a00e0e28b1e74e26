// SPDX-License-Identifier: GPL-2.0
/*
 * A module that is busy in the function which livepatch-callbacks-demo.c
 * replaces; not a live patch itself.
 *
 * A worker sleeps in busymod_linger() for "seconds" (20 unless told) after the
 * module was loaded.  A task asleep in a function cannot move to its
 * replacement, so a transition begun meanwhile waits for that worker.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

static unsigned int seconds = 20;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long to stay in busymod_linger() (default 20)");

static DECLARE_COMPLETION(leave_early);

static void busymod_linger(struct work_struct *work)
{
	pr_info("%s: in for %u seconds\n", __func__, seconds);
	wait_for_completion_interruptible_timeout(&leave_early,
						  (unsigned long)seconds * HZ);
	pr_info("%s: left, others may move now\n", __func__);
}

static DECLARE_WORK(linger_work, busymod_linger);

static int __init callbacks_busymod_init(void)
{
	schedule_work(&linger_work);
	return 0;
}
module_init(callbacks_busymod_init);

static void __exit callbacks_busymod_exit(void)
{
	complete(&leave_early);
	cancel_work_sync(&linger_work);
}
module_exit(callbacks_busymod_exit);

MODULE_DESCRIPTION("Live patch sample: a module that keeps a transition waiting");
MODULE_LICENSE("GPL");
