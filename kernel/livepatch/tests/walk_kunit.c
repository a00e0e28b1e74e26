// SPDX-License-Identifier: GPL-2.0
/*
 * The walk over all threads, in batches, while threads come and go.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "../walk.h"

#define THREADS		100	/* several batches */
#define RESTARTS	8	/* after so many a walk insists, and ends with one batch */

struct crowd {
	struct task_struct *thread[THREADS];
	unsigned int met[THREADS];
	unsigned int again;
};

static int idle_thread(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void crowd_leave(void *arg)
{
	struct crowd *crowd = arg;
	int i;

	for (i = 0; i < THREADS && crowd->thread[i]; i++)
		kthread_stop(crowd->thread[i]);
}

static struct crowd *crowd_create(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	struct task_struct *thread;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, crowd_leave, crowd), 0);
	for (i = 0; i < THREADS; i++) {
		thread = kthread_run(idle_thread, NULL, "klp_kunit_walk");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
		crowd->thread[i] = thread;
	}
	return crowd;
}

/* Pinned, and in no list any more */
static struct task_struct *gone_thread(struct kunit *test)
{
	struct task_struct *thread = kthread_run(idle_thread, NULL, "klp_kunit_gone");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	get_task_struct(thread);
	kthread_stop(thread);
	while (pid_alive(thread))
		schedule_timeout_uninterruptible(1);
	return thread;
}

static void crowd_visit(struct task_struct *task, void *arg)
{
	struct crowd *crowd = arg;
	int i;

	for (i = 0; i < THREADS; i++)
		crowd->met[i] += crowd->thread[i] == task;
}

static void crowd_again(void *arg)
{
	struct crowd *crowd = arg;

	memset(crowd->met, 0, sizeof(crowd->met));
	crowd->again++;
}

static unsigned int crowd_met(const struct crowd *crowd, unsigned int times)
{
	unsigned int i, n = 0;

	for (i = 0; i < THREADS; i++)
		n += crowd->met[i] == times;
	return n;
}

/* The walk goes on from a thread that has gone meanwhile */
static void cursor_lose(struct kunit *test, struct klp_cursor *cursor)
{
	klp_walk_end(cursor);
	cursor->task = gone_thread(test);
	cursor->leader = get_task_struct(cursor->task);
}

static void every_thread_is_met_once(struct kunit *test)
{
	struct crowd *crowd = crowd_create(test);
	struct klp_cursor cursor = { .again = crowd_again };
	unsigned int batches = 1;

	while (klp_walk_batch(&cursor, crowd_visit, crowd))
		batches++;
	KUNIT_EXPECT_GT(test, batches, 3);
	KUNIT_EXPECT_EQ(test, crowd_met(crowd, 1), THREADS);
	KUNIT_EXPECT_NULL(test, cursor.leader);
}

static void a_walk_whose_cursor_has_gone_starts_over(struct kunit *test)
{
	struct crowd *crowd = crowd_create(test);
	struct klp_cursor cursor = { .again = crowd_again };

	KUNIT_ASSERT_TRUE(test, klp_walk_batch(&cursor, crowd_visit, crowd));
	KUNIT_ASSERT_TRUE(test, klp_walk_batch(&cursor, crowd_visit, crowd));
	crowd->again = 0;
	cursor_lose(test, &cursor);
	while (klp_walk_batch(&cursor, crowd_visit, crowd))
		;
	KUNIT_EXPECT_GE(test, crowd->again, 1);
	KUNIT_EXPECT_EQ(test, crowd_met(crowd, 0), 0);
}

static void a_walk_does_not_start_over_for_ever(struct kunit *test)
{
	struct crowd *crowd = crowd_create(test);
	struct klp_cursor cursor = { .again = crowd_again };
	unsigned int i;

	for (i = 0; i <= RESTARTS; i++) {
		if (!klp_walk_batch(&cursor, crowd_visit, crowd))
			break;
		cursor_lose(test, &cursor);
	}
	KUNIT_EXPECT_LE(test, i, RESTARTS);
	KUNIT_EXPECT_EQ(test, crowd_met(crowd, 0), 0);
	klp_walk_end(&cursor);
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE(every_thread_is_met_once),
	KUNIT_CASE(a_walk_whose_cursor_has_gone_starts_over),
	KUNIT_CASE(a_walk_does_not_start_over_for_ever),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "livepatch_walk",
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
