// SPDX-License-Identifier: GPL-2.0
/*
 * As many kthreads as asked for: sleeping, which a transition has to look at, or never sleeping,
 * which it has to wait for.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

static unsigned int threads = 1000;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "number of kthreads");

static bool busy;
module_param(busy, bool, 0444);
MODULE_PARM_DESC(busy, "they do not sleep, but call cond_resched()");

static DECLARE_WAIT_QUEUE_HEAD(nothing);
static struct task_struct **tasks;

/* A patch may replace this, and then waits for all of them. */
static int thread_sleep(void *unused)
{
	wait_event_idle(nothing, kthread_should_stop());

	return 0;
}

/* With cond_resched() alone, ftrace would wait for its end before it frees a trampoline. */
static int thread_run(void *unused)
{
	while (!kthread_should_stop()) {
		cpu_relax();
		cond_resched_tasks_rcu_qs();
	}

	return 0;
}

static void threads_stop(void)
{
	unsigned int i;

	for (i = 0; i < threads && tasks[i]; i++)
		kthread_stop(tasks[i]);
	kvfree(tasks);
}

static int __init klp_bench_threads_init(void)
{
	struct task_struct *task;
	unsigned int i;

	tasks = kvcalloc(threads, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;

	for (i = 0; i < threads; i++) {
		task = kthread_run(busy ? thread_run : thread_sleep, NULL, "klp_bench/%u", i);
		if (IS_ERR(task)) {
			threads_stop();
			return PTR_ERR(task);
		}
		tasks[i] = task;
	}

	return 0;
}

static void __exit klp_bench_threads_exit(void)
{
	threads_stop();
}

module_init(klp_bench_threads_init);
module_exit(klp_bench_threads_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch benchmark: kthreads");
