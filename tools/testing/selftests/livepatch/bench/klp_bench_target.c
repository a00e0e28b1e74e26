// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmark patches: a thousand small functions that nobody calls meanwhile, one that is
 * called in a loop, and one that a kthread never leaves, which keeps a transition open.
 *
 * Reading a parameter does the work:
 *   patched        how many of the thousand run their new version
 *   calls_reader   cycles for CALLS calls of klp_bench_hot(), made by the reading task
 *   calls_sleeper  the same, made by the kthread inside klp_bench_stay()
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/timex.h>
#include <linux/wait.h>

#include "klp_bench.h"

#define CALLS	100000

#define F(n)	static noinline __noclone int f##n(int x) { return x * 3 + 1##n; }
#include "klp_bench_list.h"
#undef F

#define F(n)	f##n,
static int (* const funcs[])(int) = {
#include "klp_bench_list.h"
};

#undef F

static noinline __noclone int klp_bench_hot(int x)
{
	return x + 1;
}

static unsigned long count_calls(void)
{
	unsigned long flags, start, end;
	int i, x = 0;

	local_irq_save(flags);
	start = get_cycles();
	for (i = 0; i < CALLS; i++)
		x = klp_bench_hot(x);
	end = get_cycles();
	local_irq_restore(flags);

	return x == CALLS ? end - start : 0;
}

static struct task_struct *sleeper;
static DEFINE_MUTEX(sleeper_mutex);
static DECLARE_WAIT_QUEUE_HEAD(sleeper_wait);
static DECLARE_COMPLETION(sleeper_answered);
static bool sleeper_asked;
static unsigned long sleeper_result;

static noinline __noclone int klp_bench_stay(void *unused)
{
	for (;;) {
		wait_event_idle(sleeper_wait, READ_ONCE(sleeper_asked) || kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		WRITE_ONCE(sleeper_asked, false);
		sleeper_result = count_calls();
		complete(&sleeper_answered);
	}
}

/* A frame between the kthread's entry and the function that it stays in. */
static int sleeper_main(void *arg)
{
	int ret = klp_bench_stay(arg);

	barrier();
	return ret;
}

static void sleeper_ask(void)
{
	WRITE_ONCE(sleeper_asked, true);
	wake_up(&sleeper_wait);
	wait_for_completion(&sleeper_answered);
}

static int patched_get(char *buf, const struct kernel_param *kp)
{
	int i, patched = 0;

	for (i = 0; i < KLP_BENCH_FUNCS; i++)
		patched += funcs[i](0) != KLP_BENCH_SHIFT + i;

	return sysfs_emit(buf, "%d\n", patched);
}

static int calls_reader_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lu %d\n", count_calls(), CALLS);
}

static int calls_sleeper_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&sleeper_mutex);
	sleeper_ask();

	return sysfs_emit(buf, "%lu %d\n", sleeper_result, CALLS);
}

static const struct kernel_param_ops patched_ops = { .get = patched_get };
static const struct kernel_param_ops calls_reader_ops = { .get = calls_reader_get };
static const struct kernel_param_ops calls_sleeper_ops = { .get = calls_sleeper_get };

module_param_cb(patched, &patched_ops, NULL, 0400);
module_param_cb(calls_reader, &calls_reader_ops, NULL, 0400);
module_param_cb(calls_sleeper, &calls_sleeper_ops, NULL, 0400);

static int __init klp_bench_target_init(void)
{
	sleeper = kthread_run(sleeper_main, NULL, "klp_bench_stay");
	return PTR_ERR_OR_ZERO(sleeper);
}

static void __exit klp_bench_target_exit(void)
{
	kthread_stop(sleeper);
}

module_init(klp_bench_target_init);
module_exit(klp_bench_target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch benchmark: the functions to patch");
