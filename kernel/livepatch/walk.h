/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who: every task, a batch at a time. */
#ifndef _KLP_WALK_H
#define _KLP_WALK_H

#include <linux/types.h>

struct task_struct;

typedef void (*klp_visit_t)(struct task_struct *task, void *arg);

/**
 * struct klp_cursor - where a walk of all threads stands, between two batches
 * @leader:	the group it is in, pinned; NULL at the head of the list
 * @task:	the thread that was met last, pinned
 * @restarts:	how often it had to start over
 * @again:	if not NULL, called with the visitor's argument when it starts over
 */
struct klp_cursor {
	struct task_struct *leader;
	struct task_struct *task;
	unsigned int restarts;
	void (*again)(void *arg);
};

bool klp_walk_batch(struct klp_cursor *cursor, klp_visit_t visit, void *arg);
void klp_walk_end(struct klp_cursor *cursor);
void klp_fork_fence(void);
void klp_walk_idle(klp_visit_t visit, void *arg);
void klp_walk(klp_visit_t visit, void *arg);

#endif /* _KLP_WALK_H */
