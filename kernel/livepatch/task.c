// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether: moves one task, if nothing stands in its way, and knows the places where a
 * task moves by itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/sched/isolation.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/srcu.h>
#include <trace/events/livepatch.h>

#include "live.h"
#include "moving.h"
#include "stack.h"
#include "why.h"

/* From where a task may leave the task list until it can no longer be preempted */
DEFINE_SRCU(klp_exit_srcu);

int klp_task_side(const struct task_struct *task)
{
	int side = READ_ONCE(task->patch_state);

	return side == KLP_TRANSITION_IDLE ? READ_ONCE(klp_tr.base) : side;
}

/* One task fewer to move, or a token.  Any context but under a runqueue's lock. */
void klp_pending_drop(void)
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
void klp_task_mark(struct task_struct *task, void *arg)
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

void klp_task_unmark(struct task_struct *task, void *arg)
{
	if (test_and_clear_tsk_thread_flag(task, TIF_PATCH_PENDING))
		klp_pending_drop();
}

void klp_task_clear(struct task_struct *task, void *arg)
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

void klp_task_force(struct task_struct *task, void *arg)
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

static unsigned int klp_task_flags(const struct task_struct *task)
{
	/*
	 * The task changes its flags without marking it.  PF_KTHREAD stays as it is, and
	 * PF_VCPU is only a reason to ask.
	 */
	return data_race(READ_ONCE(task->flags));
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
		     klp_task_flags(task) & PF_VCPU &&
		     !cpu_is_isolated(task_cpu(task));

	if (task->klp_notified || !(guest || verdict == KLP_SLEEPING))
		return;
	task->klp_notified = 1;
	set_notify_signal(task);
}

/* The documented last resort, for every kind of task */
static void klp_kick_signal(struct task_struct *task)
{
	if (!klp_tr.signaled)
		pr_notice("signaling remaining tasks\n");
	klp_tr.signaled = true;
	if (klp_task_flags(task) & PF_KTHREAD)
		wake_up_state(task, TASK_INTERRUPTIBLE);
	else
		set_notify_signal(task);
}

/* It may have moved by itself meanwhile, and want to sleep in peace */
static void klp_task_kick(struct task_struct *task, enum klp_verdict verdict,
			  unsigned int kicks)
{
	if (is_idle_task(task) || !klp_patch_pending(task))
		return;
	if (kicks & KLP_KICK_SIGNAL)
		klp_kick_signal(task);
	if (klp_task_flags(task) & PF_KTHREAD)
		return;
	if (kicks & KLP_KICK_NOTIFY)
		klp_kick_notify(task, verdict);
	if (kicks & KLP_KICK_RESCHED && verdict == KLP_RUNNING)
		klp_kick_resched(task);
}

static void klp_task_refused(struct task_struct *task,
			     const struct klp_try *try, unsigned int kicks)
{
	char why[KLP_WHY_LEN];

	task->klp_tries++;
	klp_task_kick(task, try->verdict, kicks);
	if (trace_klp_task_refused_enabled())
		trace_klp_task_refused(task, klp_side_name(klp_task_side(task)),
				       task->klp_tries, klp_why(why, try));
}

/* The selftests turn off the messages of this function by its name. */
void klp_try_switch_task(struct task_struct *task, void *arg)
{
	const struct klp_pass *pass = arg;
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
	klp_task_refused(task, &try, pass->kicks);
}

/* The idle task of a CPU that is offline runs nothing, and is not in its loop */
void klp_try_switch_idle(struct task_struct *task, void *arg)
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

/* In task_struct.klp_exit_idx, beside the index of SRCU plus 1 */
#define KLP_EXIT_COUNTED	4

/*
 * The walk that ends a transition may not meet current, which then keeps its side.
 * One that has none was met already, or began to exit before it was told of a goal:
 * that transition does not end before it has gone.
 */
static void klp_exit_count(void)
{
	if (READ_ONCE(current->patch_state) == KLP_TRANSITION_IDLE)
		return;
	current->klp_exit_idx |= KLP_EXIT_COUNTED;
	atomic_inc(&klp_tr.exiting);
	/* Before it leaves the list: who does not find it there finds it counted */
	smp_mb__after_atomic();
}

/**
 * klp_exit_begin() - current may leave the task list from here on
 *
 * Called when nothing is left to be waited for by exit_notify(), and before it sets
 * exit_state: until then nobody takes current off the list.
 *
 * Context: Expects tasklist_lock held for writing.  Does not sleep.
 */
void klp_exit_begin(void)
{
	current->klp_exit_idx = srcu_down_read(&klp_exit_srcu) + 1;
	klp_exit_count();
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
	if (idx & KLP_EXIT_COUNTED)
		atomic_dec(&klp_tr.exiting);
	if (idx)
		srcu_up_read(&klp_exit_srcu, (idx & ~KLP_EXIT_COUNTED) - 1);
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
