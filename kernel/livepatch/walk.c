// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who: visits every task, in batches, so that nobody waits long for anything.
 */
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "walk.h"

/* How many tasks to look at before others get the CPU again */
#define KLP_BATCH		32
/* How often a walk starts over, because its cursor has gone, before it insists */
#define KLP_WALK_RESTARTS	8

/*
 * Both are still in their lists, and were so when this RCU section began or later:
 * what follows them can be reached.  In de_thread() a leader leaves its list by
 * being replaced, before it is unhashed, and loses its exit signal with that.
 */
static bool klp_cursor_listed(const struct klp_cursor *cursor)
{
	return pid_alive(cursor->leader) &&
	       thread_group_leader(cursor->leader) &&
	       pid_alive(cursor->task) &&
	       same_thread_group(cursor->leader, cursor->task);
}

/* Gives up a walk between two batches */
void klp_walk_end(struct klp_cursor *cursor)
{
	if (!cursor->leader)
		return;
	put_task_struct(cursor->task);
	put_task_struct(cursor->leader);
	cursor->leader = NULL;
}

/* The thread after @task in the group of *@leader, or the first of the next group */
static struct task_struct *klp_next_thread(struct task_struct **leader,
					   struct task_struct *task)
{
	struct task_struct *next = task ? __next_thread(task) : NULL;

	while (!next) {
		*leader = next_task(*leader);
		if (*leader == &init_task)
			return NULL;
		next = list_first_or_null_rcu(&(*leader)->signal->thread_head,
					      struct task_struct, thread_node);
	}
	return next;
}

/**
 * klp_walk_batch() - visit some more threads
 * @cursor:	all zero at first; where the walk stands, afterwards
 * @visit:	what to do with each; may meet a thread twice
 * @arg:	passed to @visit
 *
 * A thread that is listed from the first batch to the last is met.  For those that
 * come and go meanwhile, see "Ordering" in transition.c.
 *
 * Context: Process context.  @visit is called in an RCU read-side section.
 * Return: true if there is more to visit; false at the end, when nothing is pinned.
 */
bool klp_walk_batch(struct klp_cursor *cursor, klp_visit_t visit, void *arg)
{
	struct task_struct *leader = &init_task, *task = NULL;
	struct klp_cursor from = *cursor;
	unsigned int budget = KLP_BATCH;

	rcu_read_lock();
	if (from.leader) {
		if (klp_cursor_listed(&from)) {
			leader = from.leader;
			task = from.task;
		} else {
			if (++cursor->restarts >= KLP_WALK_RESTARTS)
				budget = UINT_MAX;
			if (cursor->again)
				cursor->again(arg);
		}
	}
	while (budget-- && (task = klp_next_thread(&leader, task)))
		visit(task, arg);

	cursor->leader = NULL;
	if (task) {
		cursor->leader = get_task_struct(leader);
		cursor->task = get_task_struct(task);
	}
	rcu_read_unlock();

	klp_walk_end(&from);
	return task;
}

/*
 * Every fork has by now either listed its child, for a walk that begins here to
 * meet, or will see what was written before.
 */
void klp_fork_fence(void)
{
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
}

/* Visits the idle task of every CPU, online or not */
void klp_walk_idle(klp_visit_t visit, void *arg)
{
	int cpu;

	guard(cpus_read_lock)();
	for_each_possible_cpu(cpu)
		visit(idle_task(cpu), arg);
}

/* Visits all at once.  Process context. */
void klp_walk(klp_visit_t visit, void *arg)
{
	struct klp_cursor cursor = {};

	while (klp_walk_batch(&cursor, visit, arg))
		cond_resched();
	klp_walk_idle(visit, arg);
}
