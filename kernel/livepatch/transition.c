// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When: moves every task from one side to the other, in phases.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>

#include "live.h"
#include "site.h"
#include "stack.h"
#include "transition.h"
#include "walk.h"
#include "why.h"

/**
 * DOC: Phases
 *
 * Every task is on one *side*, and a site runs for it what that side says.
 * Enabling, disabling, replacing and reversing are the same thing: let the two
 * sides of some sites differ, move every task to the *goal*, make the sides equal
 * again.  There is one transition at a time, and it goes through these phases,
 * all changes under klp_mutex:
 *
 * ========= ======= ============== ======= ====================================
 * phase     targets sides of tasks pending leaves when
 * ========= ======= ============== ======= ====================================
 * IDLE      equal   none (-1)      no      a request begins a transition
 * PREPARED  may     none           no      the patch's functions have their
 *           differ                         places; on an error, to MERGED
 * FORKED    differ  none           no      synchronized
 * MOVING    differ  per task       until   all have moved, or were forced; the
 *                                  moved   targets are equal, and synchronized
 * REVERSING differ  per task       no      synchronized; back to MOVING with the
 *                                          other goal
 * MERGED    equal   at the goal    no      sides are cleared
 * ========= ======= ============== ======= ====================================
 *
 * A task without a side counts as being on the *base* side, the one that
 * everybody had when the transition began.  That is what tasks are that no walk
 * of the task list meets: on their way into the list, or out of it.
 */

/**
 * DOC: Ordering
 *
 * Phases are separated by klp_synchronize(), which makes every CPU schedule.  The
 * handler of a site, and whoever moves a task, run with preemption off; so none
 * of them can see what a later phase wrote without what an earlier one did.  It
 * is called
 *
 * * after PREPARED, so that no handler still takes the base side of the previous
 *   transition for a task without a side;
 * * after FORKED, so that whoever finds a task pending also finds the ranges that
 *   its stack is to be checked against, and no handler still knows an old target
 *   once the first task has moved;
 * * in REVERSING, when nobody is pending any more, so that nobody who read the old
 *   goal has yet to write it;
 * * before MERGED, when the targets are equal again, so that nobody holds a target
 *   or ranges that are going away, or takes the old base side for a task that is
 *   about to have none.
 *
 * Against fork there is a fence: having published a phase, take tasklist_lock for
 * reading and let go.  Every fork has either listed its child by then, for the
 * walk that follows to meet, or will look at the phase later, in
 * klp_copy_process().
 *
 * Against exit there is a section, from before a task can leave the task list
 * until it can no longer be preempted (klp_exit_begin(), klp_exit_end(); SRCU).
 * Nobody who has left the list can be made pending, so before a transition
 * completes it waits for the sections that were open when the marking ended.
 *
 * The number of pending tasks is raised before a task's flag is set, and lowered
 * by whoever clears it.  One more token is held while tasks are being marked.
 * Zero is a hint: klp_done_work() takes klp_mutex and looks again, so that
 * reversal and force may pass through zero on their way.
 */

/* From which pass on cond_resched() is worth patching */
#define KLP_ARM_PASS		4
/* How long it stays so when a transition is over, in jiffies */
#define KLP_DISARM_PAUSE	HZ

/* The longest pause between two passes, in jiffies */
#define KLP_PASS_PAUSE_MAX	HZ

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

/**
 * enum klp_kick - what a pass does about tasks that it could not move
 * @KLP_KICK_NONE:	nothing; most move by themselves, soon
 * @KLP_KICK_RESCHED:	interrupt those that are running, for a moment
 * @KLP_KICK_NOTIFY:	and ask those out, once each, that will not come by themselves:
 *			in a guest, or asleep in a function that they would leave
 * @KLP_KICK_SIGNAL:	ask everybody
 */
enum klp_kick {
	KLP_KICK_NONE,
	KLP_KICK_RESCHED,
	KLP_KICK_NOTIFY,
	KLP_KICK_SIGNAL,
};

/**
 * struct klp_transition - the one transition
 * @phase:	where it stands
 * @patch:	the patch that is being enabled or disabled
 * @goal:	the side to move to
 * @base:	the side of tasks that have none
 * @pending:	number of tasks yet to move, and of tokens
 * @epoch:	changes when what a pass has seen so far is no longer true
 * @leaving:	by side, the code that a task leaves by moving off it
 * @passes:	how many passes were made for this goal
 * @pause:	between the last pass and the next, in jiffies
 * @kick:	what this pass does about those who stay behind
 * @moving_at:	when tasks were told of this goal, in jiffies
 * @signal_at:	when to signal those who stayed behind, in jiffies
 * @signaled:	it was said in the log
 * @exited:	SRCU cookie: when it is over, so is every exit section that was
 *		open when the last transition ended
 *
 * Written under klp_mutex, except for @pending.  @phase, @goal, @base and @leaving
 * are read without.
 */
static struct klp_transition {
	enum klp_phase phase;
	struct klp_live_patch *patch;
	int goal;
	int base;
	atomic_t pending;
	unsigned long epoch;
	struct klp_ranges *leaving[2];
	unsigned int passes;
	unsigned long pause;
	enum klp_kick kick;
	unsigned long moving_at;
	unsigned long signal_at;
	bool signaled;
	unsigned long exited;
} klp_tr;

DEFINE_STATIC_SRCU(klp_exit_srcu);

static struct workqueue_struct *klp_wq;
static struct workqueue_struct *klp_sync_wq;
static void (*klp_complete)(void);

/* ---- phases ---- */

static bool klp_phase_may(enum klp_phase from, enum klp_phase to)
{
	static const unsigned int next[] = {
		[KLP_PHASE_IDLE]      = BIT(KLP_PHASE_PREPARED),
		[KLP_PHASE_PREPARED]  = BIT(KLP_PHASE_FORKED) |
					BIT(KLP_PHASE_MERGED),
		[KLP_PHASE_FORKED]    = BIT(KLP_PHASE_MOVING),
		[KLP_PHASE_MOVING]    = BIT(KLP_PHASE_REVERSING) |
					BIT(KLP_PHASE_MERGED),
		[KLP_PHASE_REVERSING] = BIT(KLP_PHASE_MOVING),
		[KLP_PHASE_MERGED]    = BIT(KLP_PHASE_IDLE),
	};

	return next[from] & BIT(to);
}

static const char *klp_phase_name(enum klp_phase phase)
{
	static const char * const name[] = {
		[KLP_PHASE_IDLE]      = "idle",
		[KLP_PHASE_PREPARED]  = "prepared",
		[KLP_PHASE_FORKED]    = "forked",
		[KLP_PHASE_MOVING]    = "moving",
		[KLP_PHASE_REVERSING] = "reversing",
		[KLP_PHASE_MERGED]    = "merged",
	};

	return name[phase];
}

static void klp_phase_set(enum klp_phase next)
{
	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(!klp_phase_may(klp_tr.phase, next));
	trace_klp_phase(klp_patch_name(klp_tr.patch),
			klp_phase_name(klp_tr.phase), klp_phase_name(next),
			klp_side_name(klp_tr.goal));
	klp_tr.epoch++;
	WRITE_ONCE(klp_tr.phase, next);
}

struct klp_live_patch *klp_transition_patch(void)
{
	return READ_ONCE(klp_tr.patch);
}

int klp_transition_goal(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_tr.goal;
}

/* What tasks of that side must not be in.  MOVING only; klp_mutex keeps it. */
const struct klp_ranges *klp_transition_leaving(int side)
{
	lockdep_assert_held(&klp_mutex);
	return klp_tr.leaving[side];
}

/* Another one means another transition, phase or goal */
unsigned long klp_transition_epoch(void)
{
	return READ_ONCE(klp_tr.epoch);
}

bool klp_transition_moving(void)
{
	return READ_ONCE(klp_tr.phase) == KLP_PHASE_MOVING;
}

static void klp_sync_nop(struct work_struct *work)
{
}

static DEFINE_PER_CPU(struct work_struct, klp_sync_work);

/**
 * klp_synchronize() - wait until every CPU has scheduled since the call began
 *
 * It takes no memory, so it cannot fail; a CPU that is offline runs nothing.
 * Neither an RCU grace period (handlers run where RCU is not watching) nor an IPI
 * (it can land in a handler) would do.
 *
 * Context: Process context.  Expects klp_mutex held.
 */
void klp_synchronize(void)
{
	int cpu;

	lockdep_assert_held(&klp_mutex);
	guard(cpus_read_lock)();
	for_each_online_cpu(cpu)
		queue_work_on(cpu, klp_sync_wq, per_cpu_ptr(&klp_sync_work, cpu));
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&klp_sync_work, cpu));
}

static void klp_fork_fence(void)
{
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
}

/* ---- one task ---- */

int klp_task_side(const struct task_struct *task)
{
	int side = READ_ONCE(task->patch_state);

	return side == KLP_TRANSITION_IDLE ? READ_ONCE(klp_tr.base) : side;
}

static void klp_done_work(struct work_struct *work);
static DECLARE_WORK(klp_done, klp_done_work);

/* One task fewer to move, or a token.  Any context but under a runqueue's lock. */
static void klp_pending_drop(void)
{
	if (atomic_dec_and_test(&klp_tr.pending))
		queue_work(klp_wq, &klp_done);
}

/* The transition cannot end meanwhile: the task is still counted, or being forked */
static void klp_task_count(struct task_struct *task, enum klp_way way)
{
	atomic_inc(&klp_tr.patch->stats.moved[way]);
	trace_klp_task_moved(task, klp_side_name(task->patch_state),
			     klp_way_name(way));
}

/*
 * Moves a task, unless somebody else has done so.  The caller has preemption off,
 * and owes a klp_pending_drop() when it was him.
 */
static bool klp_task_move(struct task_struct *task, enum klp_way way)
{
	if (!test_and_clear_tsk_thread_flag(task, TIF_PATCH_PENDING))
		return false;
	WRITE_ONCE(task->patch_state, READ_ONCE(klp_tr.goal));
	klp_task_count(task, way);
	return true;
}

/*
 * A task that is about to leave the task list, or has left it, must not be made
 * pending: nobody might find it again.  Either its exit_state is seen here after
 * the flag was set, or klp_exit_end(), which comes later, sees the flag.
 */
static void klp_task_mark(struct task_struct *task, void *arg)
{
	/* Nobody else writes it as long as the task was never pending */
	if (task->patch_state == KLP_TRANSITION_IDLE)
		WRITE_ONCE(task->patch_state, klp_tr.base);
	if (READ_ONCE(task->patch_state) == klp_tr.goal ||
	    READ_ONCE(task->exit_state))
		return;

	task->klp_tries = 0;
	task->klp_notified = 0;
	atomic_inc(&klp_tr.pending);
	if (test_and_set_tsk_thread_flag(task, TIF_PATCH_PENDING) ||
	    (READ_ONCE(task->exit_state) &&
	     test_and_clear_tsk_thread_flag(task, TIF_PATCH_PENDING)))
		klp_pending_drop();
}

static void klp_task_unmark(struct task_struct *task, void *arg)
{
	if (test_and_clear_tsk_thread_flag(task, TIF_PATCH_PENDING))
		klp_pending_drop();
}

static void klp_task_clear(struct task_struct *task, void *arg)
{
	WRITE_ONCE(task->patch_state, KLP_TRANSITION_IDLE);
}

static void klp_task_leap(struct task_struct *task, enum klp_way way)
{
	bool moved;

	preempt_disable_notrace();
	moved = klp_task_move(task, way);
	preempt_enable_notrace();
	if (moved)
		klp_pending_drop();
}

static void klp_task_force(struct task_struct *task, void *arg)
{
	klp_task_leap(task, KLP_WAY_FORCED);
}

/* The task is current, or cannot run meanwhile */
static void klp_task_judge(struct task_struct *task, struct klp_try *try)
{
	if (task != current && task_curr(task)) {
		try->verdict = KLP_RUNNING;
		try->cpu = task_cpu(task);
		return;
	}
	switch (klp_stack_check(task, try->ranges, &try->where)) {
	case KLP_STACK_BLOCKED:
		try->verdict = KLP_SLEEPING;
		break;
	case KLP_STACK_UNRELIABLE:
		try->verdict = KLP_UNRELIABLE;
		break;
	case KLP_STACK_CLEAR:
		try->verdict = KLP_MOVED;
		break;
	}
}

static int klp_task_judge_call(struct task_struct *task, void *arg)
{
	klp_task_judge(task, arg);
	return 0;
}

/**
 * klp_task_look() - could a task move?
 * @task:	not current
 * @try:	with @ranges set; the answer
 *
 * Context: Any, with @task pinned or in an RCU section.
 */
void klp_task_look(struct task_struct *task, struct klp_try *try)
{
	task_call_func(task, klp_task_judge_call, try);
}

/* The task is current, or cannot run meanwhile.  Preemption or interrupts are off. */
static void klp_task_try(struct task_struct *task, struct klp_try *try,
			 enum klp_way way)
{
	int side = klp_task_side(task);

	/* It moved just before it was marked a second time */
	if (side == READ_ONCE(klp_tr.goal)) {
		try->lowered = klp_task_move(task, way);
		return;
	}

	try->ranges = READ_ONCE(klp_tr.leaving[side]);
	klp_task_judge(task, try);
	if (try->verdict != KLP_MOVED)
		return;
	try->lowered = klp_task_move(task, way);
	/* One that exits is not pending, but shows its side all the same */
	if (!try->lowered && task->exit_state)
		WRITE_ONCE(task->patch_state, klp_tr.goal);
}

static int klp_task_try_call(struct task_struct *task, void *arg)
{
	klp_task_try(task, arg, KLP_WAY_STACK);
	return 0;
}

/* Nobody is interrupted on a CPU that is to be left alone */
static void klp_kick_resched(struct task_struct *task)
{
	if (!cpu_is_isolated(task_cpu(task)))
		kick_process(task);
}

/*
 * A guest can run for ever without a reason to come out: the way into it does not
 * look at TIF_PATCH_PENDING.  A sleeper can sleep for ever.  Both may see a system
 * call return early, so they are asked no more than once.
 */
static void klp_kick_notify(struct task_struct *task, enum klp_verdict verdict)
{
	bool guest = verdict == KLP_RUNNING &&
		     READ_ONCE(task->flags) & PF_VCPU &&
		     !cpu_is_isolated(task_cpu(task));

	if (task->klp_notified || !(guest || verdict == KLP_SLEEPING))
		return;
	task->klp_notified = 1;
	set_notify_signal(task);
}

static void klp_task_kick(struct task_struct *task, enum klp_verdict verdict)
{
	if (is_idle_task(task) || klp_tr.kick == KLP_KICK_NONE)
		return;
	if (task->flags & PF_KTHREAD) {
		if (klp_tr.kick == KLP_KICK_SIGNAL)
			wake_up_state(task, TASK_INTERRUPTIBLE);
		return;
	}
	if (klp_tr.kick == KLP_KICK_SIGNAL)
		set_notify_signal(task);
	if (klp_tr.kick == KLP_KICK_NOTIFY)
		klp_kick_notify(task, verdict);
	if (verdict == KLP_RUNNING)
		klp_kick_resched(task);
}

static void klp_task_refused(struct task_struct *task,
			     const struct klp_try *try)
{
	char why[KLP_WHY_LEN];

	task->klp_tries++;
	klp_task_kick(task, try->verdict);
	if (trace_klp_task_refused_enabled())
		trace_klp_task_refused(task, klp_side_name(klp_task_side(task)),
				       task->klp_tries, klp_why(why, try));
}

/* The selftests turn off the messages of this function by its name. */
static void klp_try_switch_task(struct task_struct *task, void *arg)
{
	struct klp_try try = {};

	if (klp_task_side(task) == klp_tr.goal && !klp_patch_pending(task))
		return;

	if (task == current) {
		preempt_disable_notrace();
		klp_task_try(task, &try, KLP_WAY_STACK);
		preempt_enable_notrace();
	} else {
		task_call_func(task, klp_task_try_call, &try);
	}

	switch (try.verdict) {
	case KLP_MOVED:
		if (try.lowered)
			klp_pending_drop();
		return;
	case KLP_RUNNING:
		pr_debug("%s: %s:%d is running\n", __func__, task->comm,
			 task->pid);
		break;
	case KLP_UNRELIABLE:
		pr_debug("%s: %s:%d has an unreliable stack\n", __func__,
			 task->comm, task->pid);
		break;
	case KLP_SLEEPING:
		pr_debug("%s: %s:%d is sleeping on function %ps\n", __func__,
			 task->comm, task->pid, (void *)try.where);
		break;
	}
	klp_task_refused(task, &try);
}

/* The idle task of a CPU that is offline runs nothing, and is not in its loop */
static void klp_try_switch_idle(struct task_struct *task, void *arg)
{
	int cpu = task_cpu(task);

	if (!klp_patch_pending(task))
		return;
	if (!cpu_online(cpu)) {
		klp_task_leap(task, KLP_WAY_IDLE);
		return;
	}
	klp_try_switch_task(task, arg);
	if (klp_patch_pending(task))
		wake_up_if_idle(cpu);
}

/* ---- places where a task moves by itself ---- */

/**
 * klp_update_patch_state() - move a task that runs nothing that it would leave
 * @task:	current, on its way to user mode or in the idle loop; or a task that
 *		cannot run meanwhile
 *
 * The idle loop is a place like the way to user mode, and no stack is checked
 * there: whoever patches the functions that make up the loop itself gets the new
 * code from the next call on.  A kthread that injects idle time goes through that
 * loop too, with a stack of its own, which is checked.
 *
 * Context: Any but NMI.  Does not sleep.
 */
void klp_update_patch_state(struct task_struct *task)
{
	if (task == current && (task->flags & PF_KTHREAD) && task->pid)
		__klp_sched_try_switch();
	else
		klp_task_leap(task, is_idle_task(task) ? KLP_WAY_IDLE :
							 KLP_WAY_KERNEL_EXIT);
}

/**
 * klp_copy_process() - give a child its side
 * @child:	on its way into the task list
 *
 * It goes on where current is: with the stack of a task that has just been
 * created, but on behalf of what its parent began.
 *
 * Context: Expects tasklist_lock held for writing, and no way back for the fork.
 */
void klp_copy_process(struct task_struct *child)
{
	enum klp_phase phase = READ_ONCE(klp_tr.phase);
	int side = KLP_TRANSITION_IDLE;
	bool pending = false;

	child->klp_tries = 0;
	child->klp_notified = 0;
	if (phase == KLP_PHASE_MOVING || phase == KLP_PHASE_REVERSING) {
		side = klp_task_side(current);
		pending = phase == KLP_PHASE_MOVING &&
			  side != READ_ONCE(klp_tr.goal);
	}

	WRITE_ONCE(child->patch_state, side);
	if (pending)
		atomic_inc(&klp_tr.pending);
	else if (phase == KLP_PHASE_MOVING)
		klp_task_count(child, KLP_WAY_FORK);
	update_tsk_thread_flag(child, TIF_PATCH_PENDING, pending);
}

/**
 * klp_exit_begin() - current may leave the task list from here on
 *
 * Context: Process context.
 */
void klp_exit_begin(void)
{
	current->klp_exit_idx = srcu_down_read(&klp_exit_srcu) + 1;
}

/**
 * klp_exit_end() - current is as good as dead
 *
 * Also where a task that faults while it exits is given up, whether it has come to
 * klp_exit_begin() or not.
 *
 * Context: Preemption is off, and stays so until current is gone.
 */
void klp_exit_end(void)
{
	int idx = current->klp_exit_idx;

	klp_task_leap(current, KLP_WAY_EXIT);
	current->klp_exit_idx = 0;
	if (idx)
		srcu_up_read(&klp_exit_srcu, idx - 1);
}

/**
 * __klp_sched_try_switch() - let current move if its own stack allows
 *
 * What cond_resched() calls during a transition, for kthreads that never sleep.
 *
 * Context: Process context, with any lock held that may be held across
 * cond_resched(), klp_mutex among them.  Does not sleep.
 */
void __klp_sched_try_switch(void)
{
	struct klp_try try = {};

	if (likely(!klp_patch_pending(current)))
		return;

	preempt_disable_notrace();
	/* It may have been moved, or unmarked, before preemption was off */
	if (klp_patch_pending(current))
		klp_task_try(current, &try, KLP_WAY_RESCHED);
	preempt_enable_notrace();
	if (try.lowered)
		klp_pending_drop();
}
EXPORT_SYMBOL(__klp_sched_try_switch);

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

/* ---- passes ---- */

static void klp_pass_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_pass, klp_pass_work);

static void klp_done_work(struct work_struct *work)
{
	unsigned long epoch;

	/* Not while tasks are being marked, which is done under the mutex */
	scoped_guard(klp_mutex)
		epoch = klp_tr.epoch;

	/* Those that left the task list before they could be marked */
	synchronize_srcu_expedited(&klp_exit_srcu);

	scoped_guard(klp_mutex) {
		/* A fork that has looked at its parent's side has counted */
		klp_fork_fence();
		if (klp_tr.epoch == epoch && klp_transition_moving() &&
		    !atomic_read(&klp_tr.pending))
			klp_complete();
	}
	mod_delayed_work(klp_wq, &klp_adjust, KLP_DISARM_PAUSE);
}

static bool klp_stage_reached(unsigned int ms)
{
	return ms && time_after_eq(jiffies, klp_tr.moving_at +
					    msecs_to_jiffies(ms));
}

/* What this pass is to do about those that it cannot move */
static void klp_pass_begin(void)
{
	if (klp_signal_ms && time_after_eq(jiffies, klp_tr.signal_at)) {
		klp_tr.signal_at = jiffies + msecs_to_jiffies(klp_signal_ms);
		klp_tr.kick = KLP_KICK_SIGNAL;
		if (!klp_tr.signaled)
			pr_notice("signaling remaining tasks\n");
		klp_tr.signaled = true;
	} else if (klp_stage_reached(klp_notify_ms)) {
		klp_tr.kick = KLP_KICK_NOTIFY;
	} else if (klp_stage_reached(klp_kick_ms)) {
		klp_tr.kick = KLP_KICK_RESCHED;
	} else {
		klp_tr.kick = KLP_KICK_NONE;
	}
}

/* From now until @at, if that is sooner than @pause */
static unsigned long klp_pause_until(unsigned long pause, unsigned long at)
{
	return time_before(jiffies, at) ? min(pause, at - jiffies) : pause;
}

/* Until the next pass: not much later than what it is to do */
static unsigned long klp_pass_pause(void)
{
	unsigned long pause = klp_tr.pause;

	pause = klp_pause_until(pause, klp_tr.moving_at +
				       msecs_to_jiffies(klp_kick_ms));
	pause = klp_pause_until(pause, klp_tr.moving_at +
				       msecs_to_jiffies(klp_notify_ms));
	return klp_pause_until(pause, klp_tr.signal_at);
}

static void klp_pass_end(void)
{
	klp_tr.passes++;
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
static bool klp_pass_batch(struct klp_cursor *cursor, unsigned long epoch)
{
	guard(klp_mutex)();
	if (klp_tr.epoch != epoch || !klp_transition_moving()) {
		klp_walk_end(cursor);
		return false;
	}
	if (!cursor->leader && !cursor->restarts)
		klp_pass_begin();
	if (klp_walk_batch(cursor, klp_try_switch_task, NULL))
		return true;
	klp_walk_idle(klp_try_switch_idle, NULL);
	klp_pass_end();
	return false;
}

/**
 * klp_transition_pass() - try to move every task that is still pending
 *
 * Nothing happens if there is no transition.  If tasks remain, the next pass is
 * planned: soon at first, later less often, once a second in the end.
 *
 * Context: Process context, with no lock held.  Takes klp_mutex for one batch of
 * tasks at a time.
 */
void klp_transition_pass(void)
{
	unsigned long epoch = READ_ONCE(klp_tr.epoch);
	struct klp_cursor cursor = {};

	while (klp_pass_batch(&cursor, epoch))
		cond_resched();
}

static void klp_pass_work(struct work_struct *work)
{
	klp_transition_pass();
}

/* ---- the steps of a transition ---- */

/* What a task leaves: what its side runs where sides differ; whatever goes away */
static void klp_ranges_collect(struct klp_ranges *ranges, int side)
{
	struct klp_live_object *obj;
	struct klp_live_patch *patch;
	struct klp_live_func *func;

	klp_sites_ranges(ranges, side);
	klp_for_each_patch(patch) {
		if (patch->sides != BIT(side))
			continue;
		klp_for_each_object(patch, obj)
			klp_for_each_func(obj, func)
				if (func->new_code.start)
					klp_ranges_add_code(ranges,
							    &func->new_code);
	}
}

static struct klp_ranges *klp_ranges_build(int side)
{
	struct klp_ranges count = {}, *ranges;

	klp_ranges_collect(&count, side);
	ranges = klp_ranges_alloc(count.nr);
	if (!ranges)
		return NULL;
	klp_ranges_collect(ranges, side);
	klp_ranges_sort(ranges);
	return ranges;
}

/**
 * klp_transition_cover() - find out what code tasks will have to leave
 *
 * For both directions, so that no reversal can fail; by the sides of the patches,
 * before anything differs.  Called again when a module brings more code.
 *
 * Context: Process context.  Expects klp_mutex held.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int klp_transition_cover(void)
{
	struct klp_ranges *next[2], *last[2];
	int side;

	lockdep_assert_held(&klp_mutex);
	next[0] = klp_ranges_build(KLP_TRANSITION_UNPATCHED);
	next[1] = klp_ranges_build(KLP_TRANSITION_PATCHED);
	if (!next[0] || !next[1]) {
		kvfree(next[0]);
		kvfree(next[1]);
		return -ENOMEM;
	}
	for (side = 0; side < 2; side++) {
		last[side] = klp_tr.leaving[side];
		/* Sorted before it can be found; movers depend on the address */
		smp_store_release(&klp_tr.leaving[side], next[side]);
	}
	if (last[0])
		klp_synchronize();
	kvfree(last[0]);
	kvfree(last[1]);
	return 0;
}

/**
 * klp_transition_prepare() - begin a transition: IDLE to PREPARED
 * @patch:	the patch to enable or disable
 * @goal:	the side to move to
 *
 * Context: Process context.  Expects klp_mutex held and klp_transition_settled().
 */
void klp_transition_prepare(struct klp_live_patch *patch, int goal)
{
	WRITE_ONCE(klp_tr.patch, patch);
	WRITE_ONCE(klp_tr.goal, goal);
	klp_phase_set(KLP_PHASE_PREPARED);
	patch->stats = (struct klp_stats){};
	klp_mutex_account(patch);
	WRITE_ONCE(klp_tr.base, klp_side_other(goal));
	klp_sites_base(klp_tr.base);
	klp_synchronize();
}

/**
 * klp_transition_fork() - let the sides differ: PREPARED to FORKED
 *
 * Context: Process context.  Expects klp_mutex held, klp_transition_cover() done.
 */
void klp_transition_fork(void)
{
	klp_phase_set(KLP_PHASE_FORKED);
	klp_sites_publish();
	klp_synchronize();
}

/**
 * klp_transition_move() - make everybody move to the goal: to MOVING
 *
 * The caller makes the first pass, when it has released klp_mutex.
 *
 * Context: Process context.  Expects klp_mutex held.
 */
void klp_transition_move(void)
{
	pr_notice("'%s': starting %s transition\n",
		  klp_patch_name(klp_tr.patch), klp_goal_name(klp_tr.goal));

	if (!klp_tr.patch->stats.began)
		WRITE_ONCE(klp_tr.patch->stats.began, ktime_get());
	klp_tr.passes = 0;
	klp_tr.pause = max(1UL, msecs_to_jiffies(1));
	klp_tr.moving_at = jiffies;
	klp_tr.signal_at = jiffies + msecs_to_jiffies(klp_signal_ms);
	klp_tr.signaled = false;

	atomic_inc(&klp_tr.pending);
	klp_phase_set(KLP_PHASE_MOVING);
	klp_fork_fence();
	klp_walk(klp_task_mark, NULL);
	klp_pending_drop();
}

/**
 * klp_transition_reverse() - turn around, whoever has moved already
 *
 * Between the two goals there is a time when nobody is pending, so that nobody can
 * move to the old goal after the new one was set.
 *
 * Context: Process context.  Expects klp_mutex held.  MOVING only.
 */
void klp_transition_reverse(void)
{
	klp_phase_set(KLP_PHASE_REVERSING);
	klp_fork_fence();
	klp_walk(klp_task_unmark, NULL);
	klp_synchronize();
	WRITE_ONCE(klp_tr.goal, klp_side_other(klp_tr.goal));
	klp_transition_move();
}

/**
 * klp_transition_cancel() - give up before anybody moved
 *
 * What follows is klp_transition_merge(), to where everybody is.
 *
 * Context: Expects klp_mutex held.  PREPARED only.
 */
void klp_transition_cancel(void)
{
	lockdep_assert_held(&klp_mutex);
	WARN_ON_ONCE(klp_tr.phase != KLP_PHASE_PREPARED);
	WRITE_ONCE(klp_tr.goal, klp_tr.base);
}

/**
 * klp_transition_force() - move every task at once, whatever it runs
 *
 * Tasks that are being forked are left to move by themselves, and tasks that have
 * left the task list are waited for.
 *
 * Context: Process context.  Expects klp_mutex held.  MOVING only.
 */
void klp_transition_force(void)
{
	klp_walk(klp_task_force, NULL);
	mod_delayed_work(klp_wq, &klp_pass, 0);
}

/**
 * klp_transition_merge() - make the sides equal: to MERGED
 *
 * Everybody is at the goal.  Afterwards no side, target or range of the transition
 * is in use anywhere, and patches have either both sides or none.
 *
 * Until no handler knows an old target or the old base side, children still get
 * the side of their parents.
 *
 * Context: Process context.  Expects klp_mutex held.
 */
void klp_transition_merge(void)
{
	struct klp_live_patch *patch;
	int side;

	WRITE_ONCE(klp_tr.patch->stats.ended, ktime_get());
	klp_for_each_patch(patch)
		patch->sides = patch->sides & BIT(klp_tr.goal) ? KLP_ON_BOTH : 0;
	klp_sites_publish();
	WRITE_ONCE(klp_tr.base, klp_tr.goal);
	klp_sites_base(klp_tr.base);
	klp_synchronize();

	klp_phase_set(KLP_PHASE_MERGED);
	klp_fork_fence();
	klp_walk(klp_task_clear, NULL);
	for (side = 0; side < 2; side++) {
		kvfree(klp_tr.leaving[side]);
		klp_tr.leaving[side] = NULL;
	}
}

/**
 * klp_transition_end() - it is over: MERGED to IDLE
 *
 * Context: Expects klp_mutex held.
 */
void klp_transition_end(void)
{
	klp_phase_set(KLP_PHASE_IDLE);
	klp_tr.exited = start_poll_synchronize_srcu(&klp_exit_srcu);
	WRITE_ONCE(klp_tr.patch, NULL);
}

/**
 * klp_transition_settled() - can a new transition begin?
 *
 * Tasks that were in their exit section when the last one ended kept their side:
 * the walk that clears it does not meet them.  They must be gone.
 *
 * Context: Expects klp_mutex held.
 * Return: false if klp_transition_settle() is to be called first.
 */
bool klp_transition_settled(void)
{
	lockdep_assert_held(&klp_mutex);
	return poll_state_synchronize_srcu(&klp_exit_srcu, klp_tr.exited);
}

/* Waits until klp_transition_settled().  Process context, no lock held. */
void klp_transition_settle(void)
{
	synchronize_srcu_expedited(&klp_exit_srcu);
}

/**
 * klp_transition_init() - get ready for transitions
 * @complete:	to be called under klp_mutex when all tasks are at the goal
 *
 * Return: 0 or -ENOMEM.
 */
int __init klp_transition_init(void (*complete)(void))
{
	int cpu;

	klp_complete = complete;
	klp_tr.exited = get_completed_synchronize_srcu();
	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&klp_sync_work, cpu), klp_sync_nop);
	/* Callbacks run on this one, and may flush any other */
	klp_wq = alloc_workqueue("livepatch", WQ_UNBOUND | WQ_HIGHPRI, 0);
	klp_sync_wq = alloc_workqueue("livepatch_sync", WQ_HIGHPRI |
				      WQ_MEM_RECLAIM, 0);
	return klp_wq && klp_sync_wq ? 0 : -ENOMEM;
}
