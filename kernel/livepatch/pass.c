// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often: tries again and again to move the tasks that are left, asks them ever
 * more firmly, and notices when there are none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "live.h"
#include "moving.h"
#include "walk.h"

/*
 * After which pass cond_resched() moves those that are left: at once where that is
 * but a flag, and not before it is worth patching where it is code.
 */
#if defined(CONFIG_JUMP_LABEL) || defined(CONFIG_PREEMPT_DYNAMIC)
#define KLP_ARM_PASS		4
#else
#define KLP_ARM_PASS		1
#endif
/* How long it stays so when a transition is over, in jiffies */
#define KLP_DISARM_PAUSE	HZ

/* The longest pause between two passes, in jiffies */
#define KLP_PASS_PAUSE_MAX	HZ

/*
 * Those that the first passes did not move will most likely stay for a while: from
 * then on, a pass takes that much of a CPU at once and rests for a jiffy.
 */
#define KLP_SPARING_PASS	4
#define KLP_PASS_SLICE		(2 * NSEC_PER_MSEC)

static unsigned int klp_kick_ms = 1;
module_param_named(kick_ms, klp_kick_ms, uint, 0644);
MODULE_PARM_DESC(kick_ms,
		 "how long running tasks may stay behind before their CPUs are interrupted, unless isolated; 0 for never (1 ms)");

static unsigned int klp_notify_ms = 1 * MSEC_PER_SEC;
module_param_named(notify_ms, klp_notify_ms, uint, 0644);
MODULE_PARM_DESC(notify_ms,
		 "how long tasks may stay in a guest, or asleep in a function that is being patched, before they are asked to come out, once; 0 for never (1000 ms)");

static unsigned int klp_signal_ms = 15 * MSEC_PER_SEC;
module_param_named(signal_ms, klp_signal_ms, uint, 0644);
MODULE_PARM_DESC(signal_ms,
		 "how long tasks may stay behind before they are signaled, and again; 0 for never (15000 ms)");

struct workqueue_struct *klp_wq;
static void (*klp_complete)(void);

/* ---- cond_resched() ---- */

#if defined(CONFIG_PREEMPT_DYNAMIC) && defined(CONFIG_HAVE_PREEMPT_DYNAMIC_CALL)

static void klp_sched_arm(void)
{
	sched_dynamic_klp_enable();
}

static void klp_sched_disarm(void)
{
	sched_dynamic_klp_disable();
}

#else

struct static_key_false klp_sched_try_switch_key = STATIC_KEY_FALSE_INIT;
EXPORT_SYMBOL(klp_sched_try_switch_key);

static void klp_sched_arm(void)
{
	static_branch_enable(&klp_sched_try_switch_key);
}

static void klp_sched_disarm(void)
{
	static_branch_disable(&klp_sched_try_switch_key);
}

#endif

/*
 * Patching cond_resched() in and out costs more than most transitions as a whole:
 * it is done for those that take several passes, while passes go on, and undone
 * when none has needed it for a while.
 */
static void klp_adjust_work(struct work_struct *work)
{
	static bool armed;	/* a work does not run beside itself */
	bool want;

	want = klp_transition_moving() &&
	       READ_ONCE(klp_tr.passes) >= KLP_ARM_PASS;
	if (want == armed)
		return;
	if (want)
		klp_sched_arm();
	else
		klp_sched_disarm();
	armed = want;
}

static DECLARE_DELAYED_WORK(klp_adjust, klp_adjust_work);

/* ---- the end ---- */

static void klp_exits_late_work(struct work_struct *work)
{
	pr_notice("waiting for tasks that are exiting\n");
}

static DECLARE_DELAYED_WORK(klp_exits_late, klp_exits_late_work);

/* Waits for those that left the task list before they could be marked */
static void klp_exits_wait(void)
{
	mod_delayed_work(klp_wq, &klp_exits_late, KLP_EXITS_QUIET);
	synchronize_srcu_expedited(&klp_exit_srcu);
	cancel_delayed_work(&klp_exits_late);
}

/* All are at the goal, if no fork from one that was not has counted its child since */
static void klp_done_check(void)
{
	klp_fork_fence();
	if (!atomic_read(&klp_tr.pending))
		klp_complete();
	else
		klp_pass_soon();	/* the last one planned none */
}

static void klp_done_work(struct work_struct *work)
{
	unsigned long epoch;

	/* Not while tasks are being marked, which is done under the mutex */
	scoped_guard(klp_mutex)
		epoch = klp_tr.epoch;

	klp_exits_wait();

	scoped_guard(klp_mutex)
		if (klp_tr.epoch == epoch && klp_transition_moving())
			klp_done_check();
	mod_delayed_work(klp_wq, &klp_adjust, KLP_DISARM_PAUSE);
}

DECLARE_WORK(klp_done, klp_done_work);

/* ---- passes ---- */

static void klp_pass_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_pass, klp_pass_work);

static bool klp_kick_due(unsigned long since, unsigned int ms)
{
	return ms && time_after_eq(jiffies, since + msecs_to_jiffies(ms));
}

/* What this pass is to do about those that it cannot move */
static unsigned int klp_kicks_due(void)
{
	unsigned int kicks = 0;

	if (klp_kick_due(klp_tr.moving_at, READ_ONCE(klp_kick_ms)))
		kicks |= KLP_KICK_RESCHED;
	if (klp_kick_due(klp_tr.moving_at, READ_ONCE(klp_notify_ms)))
		kicks |= KLP_KICK_NOTIFY;
	if (klp_kick_due(klp_tr.signaled_at, READ_ONCE(klp_signal_ms))) {
		kicks |= KLP_KICK_SIGNAL;
		klp_tr.signaled_at = jiffies;
	}
	return kicks;
}

/* @pause, or less if something is to be done before */
static unsigned long klp_pause_until(unsigned long pause, unsigned long since,
				     unsigned int ms)
{
	unsigned long at = since + msecs_to_jiffies(ms);

	return ms && time_before(jiffies, at) ? min(pause, at - jiffies) : pause;
}

static unsigned long klp_pass_pause(void)
{
	unsigned long pause = klp_tr.pause;

	pause = klp_pause_until(pause, klp_tr.moving_at, READ_ONCE(klp_kick_ms));
	pause = klp_pause_until(pause, klp_tr.moving_at, READ_ONCE(klp_notify_ms));
	return klp_pause_until(pause, klp_tr.signaled_at, READ_ONCE(klp_signal_ms));
}

static void klp_pass_end(void)
{
	WRITE_ONCE(klp_tr.passes, klp_tr.passes + 1);
	WRITE_ONCE(klp_tr.patch->stats.passes, klp_tr.patch->stats.passes + 1);
	if (!atomic_read(&klp_tr.pending))
		return;
	if (klp_tr.passes == KLP_ARM_PASS)
		mod_delayed_work(klp_wq, &klp_adjust, 0);
	mod_delayed_work(klp_wq, &klp_pass, klp_pass_pause());
	klp_tr.pause = min_t(unsigned long, klp_tr.pause * 2,
			     KLP_PASS_PAUSE_MAX);
}

/* One batch.  Returns false when this pass is over. */
static bool klp_pass_batch(struct klp_pass *pass)
{
	guard(klp_mutex)();
	if (klp_tr.epoch != pass->epoch || !klp_transition_moving()) {
		klp_walk_end(&pass->cursor);
		return false;
	}
	if (!pass->begun)
		pass->kicks = klp_kicks_due();
	pass->begun = true;
	if (klp_walk_batch(&pass->cursor, klp_try_switch_task, pass))
		return true;
	klp_walk_idle(klp_try_switch_idle, pass);
	klp_pass_end();
	return false;
}

/* Between two batches of a pass that others should not notice */
static void klp_pass_rest(ktime_t *since)
{
	if (READ_ONCE(klp_tr.passes) < KLP_SPARING_PASS ||
	    ktime_to_ns(ktime_sub(ktime_get(), *since)) < KLP_PASS_SLICE)
		return;
	schedule_timeout_idle(1);
	*since = ktime_get();
}

/**
 * klp_transition_pass() - try to move every task that is still pending
 *
 * Nothing happens if there is no transition.  If tasks remain, the next pass is
 * planned: soon at first, later less often and sparing the CPU, once a second in
 * the end.
 *
 * Context: Process context, with no lock held.  Takes klp_mutex for one batch of
 * tasks at a time.
 */
void klp_transition_pass(void)
{
	struct klp_pass pass = { .epoch = READ_ONCE(klp_tr.epoch) };
	ktime_t since = ktime_get();

	while (klp_pass_batch(&pass)) {
		cond_resched();
		klp_pass_rest(&since);
	}
}

static void klp_pass_work(struct work_struct *work)
{
	klp_transition_pass();
}

/* Tasks have been given a goal: begin anew.  Under klp_mutex. */
void klp_pass_restart(void)
{
	WRITE_ONCE(klp_tr.passes, 0);
	klp_tr.pause = max(1UL, msecs_to_jiffies(1));
	klp_tr.moving_at = jiffies;
	klp_tr.signaled_at = jiffies;
	klp_tr.signaled = false;
}

void klp_pass_soon(void)
{
	mod_delayed_work(klp_wq, &klp_pass, 0);
}

int __init klp_pass_init(void (*complete)(void))
{
	klp_complete = complete;
	klp_wq = alloc_workqueue("livepatch", WQ_UNBOUND | WQ_HIGHPRI, 0);
	return klp_wq ? 0 : -ENOMEM;
}
