// SPDX-License-Identifier: GPL-2.0
/* As many sleeping kthreads as asked for: what a transition has to look at. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

static unsigned int threads = 1000;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "number of kthreads");

static DECLARE_WAIT_QUEUE_HEAD(nothing);
static struct task_struct **tasks;

static int thread_sleep(void *unused)
{
	wait_event_idle(nothing, kthread_should_stop());

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
		task = kthread_run(thread_sleep, NULL, "klp_bench/%u", i);
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
MODULE_DESCRIPTION("Livepatch benchmark: sleeping kthreads");
