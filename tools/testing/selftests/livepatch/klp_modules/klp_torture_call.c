// SPDX-License-Identifier: GPL-2.0
/*
 * What the functions of the torture test do: call one another, by the entry or directly,
 * with a call or a tail call, sleep, or stay until they are let go.  The file "hold" in
 * debugfs: "hold" and "release", and how many stay; "close" keeps tasks out of the
 * module that comes and goes, until it has come again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "klp_torture.h"

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "where random numbers begin");

static unsigned int sleep_jiffies = 3;
module_param(sleep_jiffies, uint, 0644);
MODULE_PARM_DESC(sleep_jiffies, "how long functions sleep at most");

static unsigned int long_ms = 300;
module_param(long_ms, uint, 0644);
MODULE_PARM_DESC(long_ms, "how long, now and then; as long as a transition takes");

static DECLARE_WAIT_QUEUE_HEAD(klp_torture_wait);
static bool klp_torture_released = true;
static atomic_t klp_torture_held;

/* Where another generator begins */
u32 klp_torture_seed(void)
{
	static atomic_t nr;

	return (seed + atomic_inc_return(&nr)) * 2654435761U ?: 1;
}
EXPORT_SYMBOL_GPL(klp_torture_seed);

/* ---- what functions do ---- */

static klp_torture_fn klp_torture_entry[KLP_TORTURE_FUNCS];

u32 klp_torture_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}
EXPORT_SYMBOL_GPL(klp_torture_random);

static bool klp_torture_may_call(const struct klp_torture_call *call, int func)
{
	return func < KLP_TORTURE_E || call->flags & KLP_TORTURE_COMING;
}

/* Some function, by its entry or of the same patch */
static klp_torture_fn klp_torture_choose(struct klp_torture_call *call,
					 const klp_torture_fn *own)
{
	u32 random = klp_torture_random(&call->random);
	int func = random % KLP_TORTURE_EXIT;

	if (!klp_torture_may_call(call, func))
		func %= KLP_TORTURE_E;
	call->left--;
	if (random & 0x10000 && own[func] && call->frame[call->depth - 1].version) {
		call->direct = true;
		return own[func];
	}
	return klp_torture_entry[func];
}

/*
 * One that exits not for ever: the next transition waits for him before it begins.  The
 * others until they are let go by somebody who may be frozen: so can they be.
 */
static void klp_torture_keep(struct klp_torture_call *call)
{
	call->flags &= ~KLP_TORTURE_HOLD;
	atomic_inc(&klp_torture_held);
	if (call->flags & KLP_TORTURE_EXITING)
		wait_event_timeout(klp_torture_wait, READ_ONCE(klp_torture_released),
				   msecs_to_jiffies(4 * long_ms));
	else
		wait_event_state(klp_torture_wait, READ_ONCE(klp_torture_released),
				 (TASK_KILLABLE | TASK_FREEZABLE));
	atomic_dec(&klp_torture_held);
}

/* One of how many stays for long: more of those that are easily overlooked */
static unsigned int klp_torture_odds(const struct klp_torture_call *call)
{
	if (call->flags & (KLP_TORTURE_EXITING | KLP_TORTURE_CHILD))
		return 16;
	return call->frame[call->depth - 1].direct ? 32 : 2048;
}

static unsigned long klp_torture_pause(struct klp_torture_call *call)
{
	u32 random = klp_torture_random(&call->random);

	if (random % klp_torture_odds(call) == 0)
		return msecs_to_jiffies((random >> 9) % (long_ms + 1));
	/* Few come by on their way out: the others have to meet them */
	if (!(random & 0xf000) || call->flags & KLP_TORTURE_EXITING)
		return (random >> 16) % (sleep_jiffies + 1);
	return 0;
}

static void klp_torture_rest(struct klp_torture_call *call, unsigned long pause)
{
	u32 random = klp_torture_random(&call->random);

	if (!pause)
		cond_resched();
	else if (random & 0x100000 && !(call->flags & KLP_TORTURE_EXITING))
		schedule_timeout_interruptible(pause);
	else if (random & 0x200000)
		schedule_timeout_killable(pause);
	else
		schedule_timeout_uninterruptible(pause);
}

/* To be left by a jump to another function of the same patch */
static klp_torture_fn klp_torture_any_own(const struct klp_torture_call *call,
					  const klp_torture_fn *own)
{
	int func, this = call->frame[call->depth - 1].func;

	for (func = KLP_TORTURE_A; func < KLP_TORTURE_E; func++)
		if (call->frame[call->depth - 1].version && func != this && own[func])
			return own[func];
	return NULL;
}

/* What to call next; NULL when it is time to leave */
klp_torture_fn klp_torture_step(struct klp_torture_call *call,
				const klp_torture_fn *own)
{
	struct klp_torture_frame *frame = &call->frame[call->depth - 1];

	if (call->flags & KLP_TORTURE_JUMP && klp_torture_any_own(call, own))
		return NULL;
	if (call->flags & KLP_TORTURE_HOLD) {
		klp_torture_keep(call);
		klp_torture_again(call);
	}
	while (frame->steps++ < 4) {
		u32 random = klp_torture_random(&call->random);

		if (!(call->flags & KLP_TORTURE_ATOMIC)) {
			klp_torture_rest(call, klp_torture_pause(call));
			klp_torture_again(call);
		}
		if (random & 2 && call->left && call->depth < KLP_TORTURE_DEPTH)
			return klp_torture_choose(call, own);
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(klp_torture_step);

/* What to end with, by a tail call */
klp_torture_fn klp_torture_leave(struct klp_torture_call *call,
				 const klp_torture_fn *own)
{
	klp_torture_fn next = NULL;

	klp_torture_again(call);
	if (call->flags & KLP_TORTURE_JUMP) {
		next = klp_torture_any_own(call, own);
		call->flags &= ~KLP_TORTURE_JUMP;
		call->direct = next;
	} else if (call->left && klp_torture_random(&call->random) & 1) {
		next = klp_torture_choose(call, own);
	}
	klp_torture_end(call, call->direct);
	return next;
}
EXPORT_SYMBOL_GPL(klp_torture_leave);

/* ---- who calls them ---- */

static struct module *klp_torture_coming;
static bool klp_torture_closed;

static bool klp_torture_get(struct module **mod)
{
	bool got;

	rcu_read_lock();
	/* Its functions are known: klp_torture_come() */
	*mod = smp_load_acquire(&klp_torture_coming);
	got = *mod && !READ_ONCE(klp_torture_closed) && try_module_get(*mod);
	rcu_read_unlock();
	return got;
}

static void klp_torture_call_one(struct klp_torture_task *task, unsigned int flags,
				 u32 random, int func)
{
	struct klp_torture_call call = {
		.task = task, .flags = flags, .random = random,
		.left = flags & KLP_TORTURE_HOLD ? 0 : random % 16,
	};

	if (klp_torture_entry[func])
		klp_torture_entry[func](&call);
	barrier();
}

/**
 * klp_torture_run() - call some functions
 * @task:	what is known of the caller, or NULL
 * @flags:	KLP_TORTURE_*
 */
void klp_torture_run(struct klp_torture_task *task, unsigned int flags)
{
	u32 random = klp_torture_seed();
	struct module *mod;
	int func;

	klp_torture_random(&random);
	if (klp_torture_get(&mod))
		flags |= KLP_TORTURE_COMING;
	func = random % (flags & KLP_TORTURE_COMING ? KLP_TORTURE_EXIT : KLP_TORTURE_E);
	klp_torture_call_one(task, flags, random, func);
	if (flags & KLP_TORTURE_COMING)
		module_put(mod);
}
EXPORT_SYMBOL_GPL(klp_torture_run);

/* Sleeps in one function, or in another that it jumps to, until released; not e or f */
void klp_torture_hold(struct klp_torture_task *task, int func, bool jump)
{
	klp_torture_call_one(task, KLP_TORTURE_HOLD | (jump ? KLP_TORTURE_JUMP : 0),
			     klp_torture_seed(), func);
}
EXPORT_SYMBOL_GPL(klp_torture_hold);

/* A module's functions are there: @mod can go, or NULL */
void klp_torture_come(struct module *mod, const klp_torture_fn *func)
{
	int i;

	for (i = 0; i < KLP_TORTURE_FUNCS; i++)
		if (func[i])
			klp_torture_entry[i] = func[i];
	WRITE_ONCE(klp_torture_closed, false);
	if (mod)	/* who finds it finds its functions: klp_torture_get() */
		smp_store_release(&klp_torture_coming, mod);
}
EXPORT_SYMBOL_GPL(klp_torture_come);

/* No call is under way: the module has no users */
void klp_torture_go(const klp_torture_fn *func)
{
	int i;

	WRITE_ONCE(klp_torture_coming, NULL);
	synchronize_rcu();
	for (i = 0; i < KLP_TORTURE_FUNCS; i++)
		if (func[i])
			klp_torture_entry[i] = NULL;
}
EXPORT_SYMBOL_GPL(klp_torture_go);

/* ---- the file ---- */

static void klp_torture_release(bool released)
{
	WRITE_ONCE(klp_torture_released, released);
	wake_up_all(&klp_torture_wait);
}

static ssize_t klp_torture_hold_write(struct file *file, const char __user *buf,
				      size_t len, loff_t *ppos)
{
	char text[16] = "";

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	if (sysfs_streq(text, "close"))
		WRITE_ONCE(klp_torture_closed, true);
	else if (sysfs_streq(text, "hold") || sysfs_streq(text, "release"))
		klp_torture_release(*text == 'r');
	else
		return -EINVAL;
	return len;
}

static ssize_t klp_torture_hold_read(struct file *file, char __user *buf,
				     size_t len, loff_t *ppos)
{
	char text[16];
	int n;

	n = scnprintf(text, sizeof(text), "%d\n", atomic_read(&klp_torture_held));
	return simple_read_from_buffer(buf, len, ppos, text, n);
}

static const struct file_operations klp_torture_hold_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = klp_torture_hold_write,
	.read = klp_torture_hold_read,
};

static struct dentry *klp_torture_hold_file;

static int __init klp_torture_call_init(void)
{
	klp_torture_hold_file = debugfs_create_file("hold", 0600, klp_torture_dir,
						    NULL, &klp_torture_hold_fops);
	return 0;
}

static void __exit klp_torture_call_exit(void)
{
	debugfs_remove(klp_torture_hold_file);
}

module_init(klp_torture_call_init);
module_exit(klp_torture_call_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: what functions do");
