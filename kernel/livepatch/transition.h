/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When: phases, and the sides of tasks. */
#ifndef _KLP_TRANSITION_H
#define _KLP_TRANSITION_H

#include <linux/types.h>

struct klp_live_patch;
struct klp_ranges;
struct task_struct;

/**
 * enum klp_phase - where a transition stands; see "Phases" in transition.c
 * @KLP_PHASE_IDLE:	 there is none
 * @KLP_PHASE_PREPARED:	 its sides are known, and nothing differs yet
 * @KLP_PHASE_FORKED:	 the sides differ
 * @KLP_PHASE_MOVING:	 tasks move to the goal
 * @KLP_PHASE_REVERSING: nobody moves, while the goal is swapped
 * @KLP_PHASE_MERGED:	 the sides are equal again
 */
enum klp_phase {
	KLP_PHASE_IDLE,
	KLP_PHASE_PREPARED,
	KLP_PHASE_FORKED,
	KLP_PHASE_MOVING,
	KLP_PHASE_REVERSING,
	KLP_PHASE_MERGED,
};

static inline int klp_side_other(int side)
{
	return side == KLP_TRANSITION_PATCHED ? KLP_TRANSITION_UNPATCHED :
						KLP_TRANSITION_PATCHED;
}

/* "patching", "unpatching": which way tasks go */
static inline const char *klp_goal_name(int goal)
{
	return goal == KLP_TRANSITION_PATCHED ? "patching" : "unpatching";
}

/**
 * enum klp_verdict - may a task move?
 * @KLP_MOVED:		it has, or could
 * @KLP_RUNNING:	it is running on another CPU
 * @KLP_UNRELIABLE:	its stack cannot be unwound
 * @KLP_SLEEPING:	it has a frame in code that it would leave
 */
enum klp_verdict {
	KLP_MOVED,
	KLP_RUNNING,
	KLP_UNRELIABLE,
	KLP_SLEEPING,
};

/**
 * struct klp_try - what came of an attempt to move a task
 * @ranges:	the code that it must not be in
 * @verdict:	may it move?
 * @where:	the frame that is in the way
 * @cpu:	where it is running
 * @lowered:	it was counted as pending, and must be no longer
 */
struct klp_try {
	const struct klp_ranges *ranges;
	enum klp_verdict verdict;
	unsigned long where;
	int cpu;
	bool lowered;
};

/* "patched", "unpatched" */
static inline const char *klp_side_name(int side)
{
	return side == KLP_TRANSITION_PATCHED ? "patched" : "unpatched";
}

/*
 * All work that takes klp_mutex, or waits for somebody who does, is queued here.
 * Callbacks run under that mutex: they may flush other queues, but not those whose work
 * loads or unloads modules, which takes it as well.
 */
extern struct workqueue_struct *klp_wq;

void klp_synchronize(void);

int klp_transition_init(void (*complete)(void));

struct klp_live_patch *klp_transition_patch(void);
int klp_transition_goal(void);
bool klp_transition_moving(void);

void klp_transition_prepare(struct klp_live_patch *patch, int goal);
int klp_transition_cover(void);
void klp_transition_fork(void);
void klp_transition_move(void);
void klp_transition_reverse(void);
void klp_transition_cancel(void);
void klp_transition_force(void);
void klp_transition_merge(void);
void klp_transition_end(void);

void klp_transition_pass(void);
bool klp_transition_settled(void);
void klp_transition_settle(void);

void klp_task_look(struct task_struct *task, struct klp_try *try);
int klp_task_side(const struct task_struct *task);
const struct klp_ranges *klp_transition_leaving(int side);
unsigned long klp_transition_epoch(void);

#endif /* _KLP_TRANSITION_H */
