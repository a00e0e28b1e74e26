// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When: moves every task from one side to the other, in phases.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>

#include "live.h"
#include "moving.h"
#include "site.h"
#include "stack.h"
#include "walk.h"

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
 * Nor does such a task lose its side at the end.  Those that have one when they
 * begin to exit are counted, and the next transition begins when there are none.
 *
 * The number of pending tasks is raised before a task's flag is set, and lowered
 * by whoever clears it.  One more token is held while tasks are being marked.
 * Zero is a hint: klp_done_work() takes klp_mutex and looks again, so that
 * reversal and force may pass through zero on their way.
 */

struct klp_transition klp_tr;

static struct workqueue_struct *klp_sync_wq;

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
	WRITE_ONCE(klp_tr.epoch, klp_tr.epoch + 1);
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
				klp_func_ranges(ranges, func);
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

/* What the last transition took may be being read */
static void klp_stats_reset(struct klp_stats *stats)
{
	enum klp_way way;

	for (way = 0; way < KLP_WAYS; way++)
		atomic_set(&stats->moved[way], 0);
	WRITE_ONCE(stats->passes, 0);
	WRITE_ONCE(stats->began, 0);
	WRITE_ONCE(stats->ended, 0);
	WRITE_ONCE(stats->hold_ns, 0);
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
	klp_stats_reset(&patch->stats);
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

	klp_pass_restart();
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
	klp_pass_soon();
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
		WRITE_ONCE(klp_tr.leaving[side], NULL);
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
	WRITE_ONCE(klp_tr.patch, NULL);
}

/**
 * klp_transition_settled() - can a new transition begin, or has one?
 *
 * Tasks that were in their exit section when the last one ended may have kept their
 * side: the walk that clears it does not meet them.  They must be gone.  Those that
 * exit since then need not be, and may sleep until a new transition has begun: so
 * this does not wait for a grace period of klp_exit_srcu.  Nor for anybody during a
 * transition, which may be turned round to wake who sleeps there.
 *
 * Context: Expects klp_mutex held.
 * Return: false if klp_transition_settle() is to be called first.
 */
bool klp_transition_settled(void)
{
	lockdep_assert_held(&klp_mutex);
	return klp_tr.phase != KLP_PHASE_IDLE || !atomic_read(&klp_tr.exiting);
}

/*
 * Waits until klp_transition_settled().  Process context, klp_mutex not held.
 *
 * Looks, and is not woken: that there is nothing to wait for may be due to the task
 * that went, or to another transition that began.
 */
void klp_transition_settle(void)
{
	unsigned long quiet_until = jiffies + KLP_EXITS_QUIET;
	int exiting;

	while (READ_ONCE(klp_tr.phase) == KLP_PHASE_IDLE) {
		exiting = atomic_read(&klp_tr.exiting);
		if (!exiting)
			break;
		if (time_after(jiffies, quiet_until)) {
			quiet_until = jiffies + KLP_EXITS_QUIET * 6;
			pr_notice("waiting for tasks that were exiting when the last transition ended: %d\n",
				  exiting);
		}
		schedule_timeout_uninterruptible(1);
	}
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

	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&klp_sync_work, cpu), klp_sync_nop);
	klp_sync_wq = alloc_workqueue("livepatch_sync", WQ_HIGHPRI |
				      WQ_MEM_RECLAIM, 0);
	if (!klp_sync_wq)
		return -ENOMEM;
	return klp_pass_init(complete);
}
