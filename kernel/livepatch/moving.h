/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What transition.c, pass.c and task.c share: the transition, and nobody else's business. */
#ifndef _KLP_MOVING_H
#define _KLP_MOVING_H

#include <linux/atomic.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "transition.h"

struct klp_live_patch;
struct klp_ranges;
struct task_struct;

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
	enum klp_kick kick;
	unsigned long moving_at;
	unsigned long signal_at;
	bool signaled;
	unsigned long exited;
};

extern struct klp_transition klp_tr;

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
extern struct workqueue_struct *klp_wq;
extern struct work_struct klp_done;

void klp_pass_restart(void);
void klp_pass_soon(void);
int klp_pass_init(void (*complete)(void));

#endif /* _KLP_MOVING_H */
