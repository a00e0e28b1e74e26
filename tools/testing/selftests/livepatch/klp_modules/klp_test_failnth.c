// SPDX-License-Identifier: GPL-2.0
/*
 * Lets one step of one call of a function fail, whoever makes the call: a system
 * call, or a worker that nobody can reach by /proc/PID/fail-nth.
 *
 * Written to the parameter "arm":
 *
 *	REGION N		the N-th allocation in the next call of REGION fails
 *	REGION FUNC ERROR N	in the next call of REGION, the N-th call of FUNC
 *				returns ERROR, and does nothing
 *
 * The parameter "result" reads "idle" until that call has returned; then "failed"
 * or, if the call was over before it came to the N-th, "untouched"; and what REGION
 * returned.
 *
 * Both are probed, so nothing needs to be compiled into the kernel for it.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define NAME_LEN	64

static DEFINE_MUTEX(lock);
static char region_name[NAME_LEN], func_name[NAME_LEN];
static bool region_probed, func_probed;

static unsigned int pause_ms;
module_param(pause_ms, uint, 0600);
MODULE_PARM_DESC(pause_ms, "time for others, before FUNC returns ERROR");

static atomic_t armed;
static unsigned int nth;
static long func_error;
static struct task_struct *inside;
static bool failed, returned;
static long region_result;

#ifdef CONFIG_FAULT_INJECTION
static void fail_nth_set(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

static unsigned int fail_nth_get(void)
{
	return READ_ONCE(current->fail_nth);
}
#else
static void fail_nth_set(unsigned int n) { }
static unsigned int fail_nth_get(void) { return 1; }
#endif

/* ---- the region ---- */

/* Returns 0 for the one call that is to be looked at. */
static int region_enter(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (atomic_cmpxchg(&armed, 1, 0) != 1)
		return 1;
	WRITE_ONCE(inside, current);
	if (!func_probed)
		fail_nth_set(nth);
	return 0;
}

static int region_leave(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (!func_probed) {
		failed = !fail_nth_get();
		fail_nth_set(0);
	}
	WRITE_ONCE(inside, NULL);
	region_result = regs_return_value(regs);
	/* Who sees this sees the rest, see result_get() */
	smp_store_release(&returned, true);
	return 0;
}

static struct kretprobe region = {
	.entry_handler = region_enter,
	.handler = region_leave,
};

/* ---- the function in it ---- */

/* What runs instead, and returns to the caller of the function */
static noinline notrace long func_denied(void)
{
	return func_error;
}

static int func_enter(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(inside) != current || failed || --nth)
		return 0;
	failed = true;
	mdelay(pause_ms);
	instruction_pointer_set(regs, (unsigned long)func_denied);
	return 1;
}

/* With one, kprobes lets a probe change where to go on. */
static void func_post(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe func;

/* ---- noise ---- */

static noinline notrace void quiet_instead(void)
{
}

static int quiet_enter(struct kprobe *p, struct pt_regs *regs)
{
	instruction_pointer_set(regs, (unsigned long)quiet_instead);
	return 1;
}

/* Dumps a stack for an allocation that fails because we want it to. */
static struct kprobe quiet = {
	.symbol_name = "warn_alloc",
	.pre_handler = quiet_enter,
	.post_handler = func_post,
};

/* ---- parameters ---- */

static void probes_remove(void)
{
	if (func_probed)
		unregister_kprobe(&func);
	if (region_probed)
		unregister_kretprobe(&region);
	func_probed = false;
	region_probed = false;
}

/* A probe is registered once for all the steps of its function. */
static int probes_add(void)
{
	int ret;

	memset(&region.kp, 0, sizeof(region.kp));
	region.kp.symbol_name = region_name;
	ret = register_kretprobe(&region);
	if (ret)
		return ret;
	region_probed = true;
	if (!*func_name)
		return 0;

	func = (struct kprobe) {
		.symbol_name = func_name,
		.pre_handler = func_enter,
		.post_handler = func_post,
	};
	ret = register_kprobe(&func);
	func_probed = !ret;
	return ret;
}

static int probes_change(const char *region_new, const char *func_new)
{
	int ret;

	if (region_probed && !strcmp(region_name, region_new) &&
	    !strcmp(func_name, func_new))
		return 0;
	probes_remove();
	strscpy(region_name, region_new);
	strscpy(func_name, func_new);
	ret = probes_add();
	if (ret)
		probes_remove();
	return ret;
}

static int arm_set(const char *text, const struct kernel_param *kp)
{
	char region_new[NAME_LEN], func_new[NAME_LEN] = "";
	unsigned int n;
	long error = 0;
	int ret;

	if (sscanf(text, "%63s %63s %ld %u", region_new, func_new, &error, &n) != 4) {
		*func_new = '\0';
		if (sscanf(text, "%63s %u", region_new, &n) != 2)
			return -EINVAL;
	}

	guard(mutex)(&lock);
	atomic_set(&armed, 0);
	ret = probes_change(region_new, func_new);
	if (ret)
		return ret;
	nth = n;
	func_error = error;
	failed = false;
	returned = false;
	atomic_set_release(&armed, 1);
	return 0;
}

static const struct kernel_param_ops arm_ops = { .set = arm_set };
module_param_cb(arm, &arm_ops, NULL, 0200);

static int result_get(char *buf, const struct kernel_param *kp)
{
	/* See region_leave() */
	if (!smp_load_acquire(&returned))
		return sysfs_emit(buf, "idle\n");
	return sysfs_emit(buf, "%s %ld\n", failed ? "failed" : "untouched",
			  region_result);
}

static const struct kernel_param_ops result_ops = { .get = result_get };
module_param_cb(result, &result_ops, NULL, 0400);

static int __init failnth_init(void)
{
	return register_kprobe(&quiet);
}

static void __exit failnth_exit(void)
{
	probes_remove();
	unregister_kprobe(&quiet);
}

module_init(failnth_init);
module_exit(failnth_exit);
MODULE_DESCRIPTION("Livepatch test: lets a step of a function fail");
MODULE_LICENSE("GPL");
