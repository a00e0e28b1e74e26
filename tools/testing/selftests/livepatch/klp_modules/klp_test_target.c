// SPDX-License-Identifier: GPL-2.0
/*
 * klp_test_target - functions to be patched, run on demand
 *
 * A test writes "OPERATION [GATE [DEPTH]]" to debugfs klp_test_target/run and
 * the operation runs in the writing task, inside write(2); reading the same
 * open file gives its result.  "kthread OPERATION ..." runs it in a new kernel
 * thread instead and gives the thread's pid; "join" waits for the last one to
 * finish and gives its result.  Writing a gate or "all" to
 * klp_test_target/open opens gates; "close" closes them all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "klp_test_last_call.h"
#include "klp_test_target.h"

struct klp_test_gate {
	wait_queue_head_t wq;
	bool open;
	atomic_t waiters;
	bool sample;
	int value;
	int alias;
	struct completion done;
};

struct klp_test_call {
	const struct klp_test_op *op;
	unsigned int gate;
	unsigned int depth;
};

struct klp_test_op {
	const char *name;
	int (*run)(const struct klp_test_call *call);
};

static struct klp_test_gate klp_test_gates[KLP_TEST_GATES];

/* ---- What the tests patch ------------------------------------------------ */

noinline __klp_noipa int klp_target_value(void)
{
	return 0;
}
EXPORT_SYMBOL_GPL(klp_target_value);

noinline __klp_noipa int klp_target_sleep(unsigned int gate)
{
	int ret = klp_test_wait(gate);

	barrier();	/* not a tail call: the frame is the subject */
	return ret;
}

noinline __klp_noipa int klp_target_caller(unsigned int gate)
{
	int ret = klp_test_wait(gate);

	return ret ? ret : klp_target_value();
}

noinline __klp_noipa int klp_target_deep(unsigned int gate, unsigned int depth)
{
	int ret;

	if (depth)
		ret = klp_target_deep(gate, depth - 1);
	else
		ret = klp_test_wait(gate);
	barrier();
	return ret;
}

noinline __klp_noipa int klp_target_tail_b(unsigned int gate)
{
	int ret = klp_test_wait(gate);

	barrier();	/* not a tail call: the frame is the subject */
	return ret;
}

noinline __klp_noipa int klp_target_tail_a(unsigned int gate)
{
	int ret = klp_target_tail_b(gate);

	barrier();
	return ret;
}

noinline __klp_noipa int klp_target_alias_a(void)
{
	return 0;
}

int klp_target_alias_b(void)
	__alias(klp_target_alias_a);

noinline __klp_noipa int klp_target_last_call(unsigned int gate)
{
	klp_test_last_call(gate, klp_target_last_call_end);
}

noinline __klp_noipa int klp_target_cold(unsigned int gate)
{
	int ret = 0;

	if (gate < KLP_TEST_GATES) {
		ret = klp_test_wait_cold(gate);
		barrier();
	}
	return ret;
}

noinline __klp_noipa int klp_target_idle(unsigned int gate)
{
	int ret = klp_test_idle(gate);

	barrier();	/* not a tail call: the frame is the subject */
	return ret;
}

/* ---- Gates ---------------------------------------------------------------- */

static bool klp_test_woken(struct klp_test_gate *gate)
{
	return READ_ONCE(gate->open) || READ_ONCE(gate->sample);
}

/*
 * Sleep until the gate opens.  Killable and not interruptible, so that a fake
 * signal does not end it.  A sleeper takes samples: it calls klp_target_value()
 * and klp_target_alias_a() where it is.
 */
int klp_test_wait(unsigned int gate)
{
	struct klp_test_gate *g = &klp_test_gates[gate];
	int ret;

	atomic_inc(&g->waiters);
	for (;;) {
		ret = wait_event_killable(g->wq, klp_test_woken(g));
		if (ret || !xchg(&g->sample, false))
			break;
		g->value = klp_target_value();
		g->alias = klp_target_alias_a();
		complete(&g->done);
	}
	atomic_dec(&g->waiters);
	return ret;
}
EXPORT_SYMBOL_GPL(klp_test_wait);

noinline __klp_noipa int klp_test_wait_cold(unsigned int gate)
{
	return klp_test_wait(gate);
}
EXPORT_SYMBOL_GPL(klp_test_wait_cold);

/* Sends its CPU through the idle loop again and again, until the gate opens. */
int klp_test_idle(unsigned int gate)
{
	struct klp_test_gate *g = &klp_test_gates[gate];

	atomic_inc(&g->waiters);
	while (!READ_ONCE(g->open)) {
		play_idle_precise(5 * NSEC_PER_MSEC, U64_MAX);
		schedule_timeout_uninterruptible(msecs_to_jiffies(10));
	}
	atomic_dec(&g->waiters);
	return 0;
}
EXPORT_SYMBOL_GPL(klp_test_idle);

/* The module that the kernel threads started here hold a reference of. */
struct module *klp_test_owner(void)
{
	return THIS_MODULE;
}
EXPORT_SYMBOL_GPL(klp_test_owner);

static void klp_test_gate_open(struct klp_test_gate *gate)
{
	WRITE_ONCE(gate->open, true);
	wake_up_all(&gate->wq);
}

static void klp_test_gates_open(void)
{
	int i;

	for (i = 0; i < KLP_TEST_GATES; i++)
		klp_test_gate_open(&klp_test_gates[i]);
}

static void klp_test_gates_close(void)
{
	int i;

	for (i = 0; i < KLP_TEST_GATES; i++)
		WRITE_ONCE(klp_test_gates[i].open, false);
}

/* ---- Operations ----------------------------------------------------------- */

static int klp_test_run_value(const struct klp_test_call *call)
{
	return klp_target_value();
}

static int klp_test_run_sleep(const struct klp_test_call *call)
{
	return klp_target_sleep(call->gate);
}

static int klp_test_run_caller(const struct klp_test_call *call)
{
	return klp_target_caller(call->gate);
}

static int klp_test_run_deep(const struct klp_test_call *call)
{
	return klp_target_deep(call->gate, call->depth);
}

static int klp_test_run_tail(const struct klp_test_call *call)
{
	return klp_target_tail_a(call->gate);
}

static int klp_test_run_alias_a(const struct klp_test_call *call)
{
	return klp_target_alias_a();
}

static int klp_test_run_alias_b(const struct klp_test_call *call)
{
	return klp_target_alias_b();
}

static int klp_test_run_last_call(const struct klp_test_call *call)
{
	if (!(current->flags & PF_KTHREAD))
		return -EPERM;
	return klp_target_last_call(call->gate);
}

static int klp_test_run_cold(const struct klp_test_call *call)
{
	return klp_target_cold(call->gate);
}

/* As cooling drivers do it: by a thread that is bound to a CPU and precedes others */
static int klp_test_run_idle(const struct klp_test_call *call)
{
	if (!(current->flags & PF_NO_SETAFFINITY))
		return -EPERM;
	sched_set_fifo(current);
	return klp_target_idle(call->gate);
}

/*
 * Lets an emulator go on with another CPU, that may have to answer an interrupt first:
 * where one thread emulates all, it otherwise stays with this one for milliseconds.
 */
static void klp_test_busy(unsigned int calls)
{
	if (calls % 64 == 0)
		cpu_relax();
}

/*
 * Busy until the gate opens, with scheduling points but without sleeping.  Tells
 * RCU tasks that it is not in a trampoline, or ftrace could free none meanwhile.
 */
static int klp_test_run_spin(const struct klp_test_call *call)
{
	struct klp_test_gate *gate = &klp_test_gates[call->gate];
	unsigned int calls = 0;
	int ret = 0;

	atomic_inc(&gate->waiters);
	while (!READ_ONCE(gate->open) && !fatal_signal_pending(current)) {
		ret = klp_target_value();
		klp_test_busy(++calls);
		/* Or ftrace could never drop a trampoline on a PREEMPT kernel */
		cond_resched_tasks_rcu_qs();
	}
	atomic_dec(&gate->waiters);
	return ret;
}

/* The same, and tells which values it saw, as a set of bits. */
static int klp_test_run_watch(const struct klp_test_call *call)
{
	struct klp_test_gate *gate = &klp_test_gates[call->gate];
	unsigned int calls = 0;
	int seen = 0;

	atomic_inc(&gate->waiters);
	while (!READ_ONCE(gate->open) && !fatal_signal_pending(current)) {
		seen |= BIT(klp_target_value());
		klp_test_busy(++calls);
		cond_resched_tasks_rcu_qs();
	}
	atomic_dec(&gate->waiters);
	return seen;
}

static int klp_test_run_waiters(const struct klp_test_call *call)
{
	return atomic_read(&klp_test_gates[call->gate].waiters);
}

static int klp_test_sample(struct klp_test_gate *gate)
{
	reinit_completion(&gate->done);
	WRITE_ONCE(gate->sample, true);
	wake_up(&gate->wq);
	if (!wait_for_completion_timeout(&gate->done, 20 * HZ))
		return -ETIMEDOUT;
	return 0;
}

static int klp_test_run_sample(const struct klp_test_call *call)
{
	struct klp_test_gate *gate = &klp_test_gates[call->gate];

	return klp_test_sample(gate) ?: gate->value;
}

static int klp_test_run_sample_alias(const struct klp_test_call *call)
{
	struct klp_test_gate *gate = &klp_test_gates[call->gate];

	return klp_test_sample(gate) ?: gate->alias;
}

/* What the last thread to finish came to. */
static int klp_test_result;
static DECLARE_COMPLETION(klp_test_joined);

static int klp_test_run_join(const struct klp_test_call *call)
{
	if (!wait_for_completion_timeout(&klp_test_joined, 20 * HZ))
		return -ETIMEDOUT;
	return klp_test_result;
}

static const struct klp_test_op klp_test_ops[] = {
	{ "value", klp_test_run_value },
	{ "sleep", klp_test_run_sleep },
	{ "caller", klp_test_run_caller },
	{ "deep", klp_test_run_deep },
	{ "tail", klp_test_run_tail },
	{ "alias_a", klp_test_run_alias_a },
	{ "alias_b", klp_test_run_alias_b },
	{ "last_call", klp_test_run_last_call },
	{ "cold", klp_test_run_cold },
	{ "idle", klp_test_run_idle },
	{ "spin", klp_test_run_spin },
	{ "watch", klp_test_run_watch },
	{ "waiters", klp_test_run_waiters },
	{ "join", klp_test_run_join },
	{ "sample", klp_test_run_sample },
	{ "sample_alias", klp_test_run_sample_alias },
};

static int klp_test_kthread(void *data)
{
	struct klp_test_call call = *(struct klp_test_call *)data;

	kfree(data);
	klp_test_result = call.op->run(&call);
	complete(&klp_test_joined);
	__module_put_and_kthread_exit(THIS_MODULE, 0);
	return 0;
}

static int klp_test_start_kthread(const struct klp_test_call *call)
{
	struct klp_test_call *copy;
	struct task_struct *task;

	copy = kmemdup(call, sizeof(*call), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	reinit_completion(&klp_test_joined);
	__module_get(THIS_MODULE);
	task = kthread_create(klp_test_kthread, copy, "klp_test_%s",
			      call->op->name);
	if (IS_ERR(task)) {
		module_put(THIS_MODULE);
		kfree(copy);
		return PTR_ERR(task);
	}
	if (call->op->run == klp_test_run_idle)
		kthread_bind(task, cpumask_last(cpu_online_mask));
	/* It may be gone once it was woken. */
	get_task_struct(task);
	wake_up_process(task);
	put_task_struct(task);
	return task_pid_nr(task);
}

/* ---- Files ---------------------------------------------------------------- */

static int klp_test_parse(char *text, struct klp_test_call *call, bool *kthread)
{
	char name[16];
	int i;

	*kthread = str_has_prefix(text, "kthread ");
	if (*kthread)
		text += strlen("kthread ");
	if (sscanf(text, "%15s %u %u", name, &call->gate, &call->depth) < 1 ||
	    call->gate >= KLP_TEST_GATES)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(klp_test_ops); i++) {
		if (!strcmp(name, klp_test_ops[i].name)) {
			call->op = &klp_test_ops[i];
			return 0;
		}
	}
	return -EINVAL;
}

static ssize_t klp_test_run_write(struct file *file, const char __user *buf,
				  size_t len, loff_t *ppos)
{
	struct klp_test_call call = { };
	char text[64] = "";
	bool kthread;
	int ret;

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	ret = klp_test_parse(text, &call, &kthread);
	if (ret)
		return ret;
	ret = kthread ? klp_test_start_kthread(&call) : call.op->run(&call);
	file->private_data = (void *)(long)ret;
	*ppos = 0;
	return ret == -ERESTARTSYS ? -EINTR : len;
}

static ssize_t klp_test_run_read(struct file *file, char __user *buf,
				 size_t len, loff_t *ppos)
{
	char text[16];
	int n;

	n = scnprintf(text, sizeof(text), "%ld\n", (long)file->private_data);
	return simple_read_from_buffer(buf, len, ppos, text, n);
}

static const struct file_operations klp_test_run_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = klp_test_run_write,
	.read = klp_test_run_read,
};

static ssize_t klp_test_open_write(struct file *file, const char __user *buf,
				   size_t len, loff_t *ppos)
{
	char text[8] = "";
	unsigned int gate;

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	if (sysfs_streq(text, "all"))
		klp_test_gates_open();
	else if (sysfs_streq(text, "close"))
		klp_test_gates_close();
	else if (!kstrtouint(text, 0, &gate) && gate < KLP_TEST_GATES)
		klp_test_gate_open(&klp_test_gates[gate]);
	else
		return -EINVAL;
	return len;
}

static const struct file_operations klp_test_open_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = klp_test_open_write,
};

static struct dentry *klp_test_dir;

static int __init klp_test_target_init(void)
{
	int i;

	for (i = 0; i < KLP_TEST_GATES; i++) {
		init_waitqueue_head(&klp_test_gates[i].wq);
		init_completion(&klp_test_gates[i].done);
	}
	klp_test_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("run", 0600, klp_test_dir, NULL,
			    &klp_test_run_fops);
	debugfs_create_file("open", 0200, klp_test_dir, NULL,
			    &klp_test_open_fops);
	return 0;
}

static void __exit klp_test_target_exit(void)
{
	debugfs_remove(klp_test_dir);
}

module_init(klp_test_target_init);
module_exit(klp_test_target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: functions to be patched");
