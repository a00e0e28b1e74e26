/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What transition.c, pass.c and task.c share: the transition, and nobody else's business. */
#ifndef _KLP_MOVING_H
#define _KLP_MOVING_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "transition.h"
#include "walk.h"

struct klp_live_patch;
struct klp_ranges;
struct task_struct;

/* What a pass does about tasks that it could not move; most come by themselves, soon */
#define KLP_KICK_RESCHED	BIT(0)	/* interrupt those that are running, for a moment */
#define KLP_KICK_NOTIFY		BIT(1)	/* ask out, once each, those that will not come: in a
					 * guest, or asleep in a function they would leave
					 */
#define KLP_KICK_SIGNAL		BIT(2)	/* ask everybody */

/**
 * struct klp_pass - one attempt to move all tasks that are left
 * @cursor:	where it stands
 * @epoch:	when it becomes pointless
 * @begun:	@kicks is decided
 * @kicks:	what it does about those that it cannot move
 */
struct klp_pass {
	struct klp_cursor cursor;
	unsigned long epoch;
	bool begun;
	unsigned int kicks;
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
 * @moving_at:	when tasks were told of this goal, in jiffies
 * @signaled_at: when those who stayed behind were signaled last, or @moving_at
 * @signaled:	it was said in the log
 * @exiting:	number of tasks that had a side when their exit section began
 *
 * Written under klp_mutex, except for @pending and @exiting.  @phase, @patch, @goal,
 * @base, @epoch, @leaving and @passes are read without.
 */
struct klp_transition {
	enum klp_phase phase;
	struct klp_live_patch *patch;
	int goal;
	int base;
	atomic_t pending;
	unsigned long epoch;
	struct klp_ranges *leaving[2];
	unsigned int passes;
	unsigned long pause;
	unsigned long moving_at;
	unsigned long signaled_at;
	bool signaled;
	atomic_t exiting;
};

extern struct klp_transition klp_tr;

/* How long tasks that exit may be waited for without a word, in jiffies */
#define KLP_EXITS_QUIET		(10 * HZ)

/* task.c */
extern struct srcu_struct klp_exit_srcu;

void klp_pending_drop(void);
void klp_task_mark(struct task_struct *task, void *arg);
void klp_task_unmark(struct task_struct *task, void *arg);
void klp_task_clear(struct task_struct *task, void *arg);
void klp_task_force(struct task_struct *task, void *arg);
void klp_try_switch_task(struct task_struct *task, void *arg);
void klp_try_switch_idle(struct task_struct *task, void *arg);

/* pass.c */
extern struct work_struct klp_done;

void klp_pass_restart(void);
void klp_pass_soon(void);
int klp_pass_init(void (*complete)(void));

#endif /* _KLP_MOVING_H */
