// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks: the ranges of code that a task must not stand in.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>

#include "../live.h"
#include "../stack.h"

KUNIT_DEFINE_ACTION_WRAPPER(free_ranges, kvfree, const void *);

static struct klp_ranges *ranges_create(struct kunit *test, unsigned int max)
{
	struct klp_ranges *ranges = klp_ranges_alloc(max);

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_ranges, ranges), 0);
	return ranges;
}

/* --- one range ---------------------------------------------------------------- */

static const struct {
	unsigned long start, size;
	unsigned long addr;
	bool hit;
} borders[] = {
	{ 0x1000, 0x100,	0x0fff,		 false },
	{ 0x1000, 0x100,	0x1000,		 true },
	{ 0x1000, 0x100,	0x1080,		 true },
	{ 0x1000, 0x100,	0x10ff,		 true },
	{ 0x1000, 0x100,	0x1100,		 true },
	{ 0x1000, 0x100,	0x1101,		 false },
	{ 0x1000, 0x100,	0,		 false },
	{ 0x1000, 0x100,	ULONG_MAX,	 false },
	/* no size: still the address itself */
	{ 0x1000, 0,		0x0fff,		 false },
	{ 0x1000, 0,		0x1000,		 true },
	{ 0x1000, 0,		0x1001,		 false },
	/* one byte: its address, and that of what follows */
	{ 0x1000, 1,		0x1001,		 true },
	{ 0x1000, 1,		0x1002,		 false },
	/* the first address, and the last */
	{ 0, 0x10,		0,		 true },
	{ 0, 0x10,		0x10,		 true },
	{ 0, 0x10,		0x11,		 false },
	{ 0, 0x10,		ULONG_MAX,	 false },
	{ 0, 0,			0,		 true },
	{ 0, 0,			1,		 false },
	{ ULONG_MAX - 0xf, 0xf,	ULONG_MAX,	 true },
	{ ULONG_MAX - 0xf, 0xf,	ULONG_MAX - 0xf, true },
	{ ULONG_MAX - 0xf, 0xf,	ULONG_MAX - 0x10, false },
	{ ULONG_MAX - 0xf, 0xf,	0,		 false },
	{ ULONG_MAX, 0,		ULONG_MAX,	 true },
	{ ULONG_MAX, 0,		ULONG_MAX - 1,	 false },
	{ 0, ULONG_MAX,		0,		 true },
	{ 0, ULONG_MAX,		0x1234,		 true },
	{ 0, ULONG_MAX,		ULONG_MAX,	 true },
	/* across the sign bit, where the kernel begins */
	{ LONG_MAX, 2,		LONG_MAX,	 true },
	{ LONG_MAX, 2,		(unsigned long)LONG_MIN, true },
	{ LONG_MAX, 2,		LONG_MAX - 1UL,	 false },
};

static void a_range_is_closed_at_both_ends(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, 1);
	int i;

	for (i = 0; i < ARRAY_SIZE(borders); i++) {
		ranges->nr = 0;
		klp_ranges_add(ranges, borders[i].start, borders[i].size);
		klp_ranges_sort(ranges);
		KUNIT_EXPECT_EQ_MSG(test, klp_ranges_hit(ranges, borders[i].addr), borders[i].hit,
				    "%lx in %lx + %lx", borders[i].addr, borders[i].start,
				    borders[i].size);
	}
}

static void no_range_hits_nothing(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, 0);

	klp_ranges_sort(ranges);
	KUNIT_EXPECT_EQ(test, ranges->nr, 0);
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 0));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 1));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, ULONG_MAX));
}

/* --- several ranges ------------------------------------------------------------ */

#define NR	6

struct join {
	const char *name;
	struct {
		unsigned long start, size;
	} in[NR];
	struct klp_range out[NR];	/* ends at the first that is empty */
};

static const struct join joins[] = {
	{ "apart",
		{ { 0x100, 0x10 }, { 0x200, 0x10 } },
		{ { 0x100, 0x110 }, { 0x200, 0x210 } } },
	{ "unsorted",
		{ { 0x300, 0x10 }, { 0x100, 0x10 }, { 0x200, 0x10 } },
		{ { 0x100, 0x110 }, { 0x200, 0x210 }, { 0x300, 0x310 } } },
	{ "the same twice",
		{ { 0x100, 0x10 }, { 0x100, 0x10 } },
		{ { 0x100, 0x110 } } },
	{ "the longer first",
		{ { 0x100, 0x20 }, { 0x100, 0x10 } },
		{ { 0x100, 0x120 } } },
	{ "the longer last",
		{ { 0x100, 0x10 }, { 0x100, 0x20 } },
		{ { 0x100, 0x120 } } },
	{ "overlapping",
		{ { 0x100, 0x20 }, { 0x110, 0x20 } },
		{ { 0x100, 0x130 } } },
	{ "neighbours, which share one address",
		{ { 0x100, 0x10 }, { 0x110, 0x10 } },
		{ { 0x100, 0x120 } } },
	{ "one byte between them",
		{ { 0x100, 0x10 }, { 0x112, 0x10 } },
		{ { 0x100, 0x110 }, { 0x112, 0x122 } } },
	{ "one inside the other",
		{ { 0x100, 0x100 }, { 0x120, 0x10 } },
		{ { 0x100, 0x200 } } },
	{ "one behind another that contains a third",
		{ { 0x100, 0x100 }, { 0x120, 0x10 }, { 0x180, 0x100 } },
		{ { 0x100, 0x280 } } },
	{ "all in one",
		{ { 0x400, 0x10 }, { 0x100, 0x10 }, { 0x200, 0x10 }, { 0, ULONG_MAX },
		  { 0x300, 0x10 } },
		{ { 0, ULONG_MAX } } },
	{ "a chain, backwards",
		{ { 0x140, 0x10 }, { 0x130, 0x10 }, { 0x120, 0x10 }, { 0x110, 0x10 },
		  { 0x100, 0x10 } },
		{ { 0x100, 0x150 } } },
	{ "two groups",
		{ { 0x210, 0x10 }, { 0x108, 0x10 }, { 0x200, 0x18 }, { 0x100, 0x10 } },
		{ { 0x100, 0x118 }, { 0x200, 0x220 } } },
	{ "the first address and the last",
		{ { ULONG_MAX - 1, 1 }, { 0, 1 } },
		{ { 0, 1 }, { ULONG_MAX - 1, ULONG_MAX } } },
	{ "both sides of the sign bit",
		{ { 0x8000000000001000UL, 0x10 }, { 0x1000, 0x10 } },
		{ { 0x1000, 0x1010 }, { 0x8000000000001000UL, 0x8000000000001010UL } } },
	{ "no size, inside and outside",
		{ { 0x100, 0x10 }, { 0x110, 0 }, { 0x120, 0 } },
		{ { 0x100, 0x110 }, { 0x120, 0x120 } } },
};

static void expect_joined(struct kunit *test, struct klp_ranges *ranges, const struct join *join)
{
	unsigned int i;

	for (i = 0; i < NR && join->out[i].end; i++) {
		KUNIT_ASSERT_LT_MSG(test, i, ranges->nr, "%s", join->name);
		KUNIT_EXPECT_EQ_MSG(test, ranges->range[i].start, join->out[i].start, "%s: %u",
				    join->name, i);
		KUNIT_EXPECT_EQ_MSG(test, ranges->range[i].end, join->out[i].end, "%s: %u",
				    join->name, i);
	}
	KUNIT_EXPECT_EQ_MSG(test, ranges->nr, i, "%s", join->name);
}

static void what_overlaps_is_joined(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, NR);
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(joins); i++) {
		ranges->nr = 0;
		for (k = 0; k < NR && (joins[i].in[k].start || joins[i].in[k].size); k++)
			klp_ranges_add(ranges, joins[i].in[k].start, joins[i].in[k].size);
		klp_ranges_sort(ranges);
		expect_joined(test, ranges, &joins[i]);
	}
}

static bool in_any(const struct join *join, unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < NR && (join->in[i].start || join->in[i].size); i++)
		if (addr >= join->in[i].start && addr - join->in[i].start <= join->in[i].size)
			return true;
	return false;
}

static void an_address_hits_if_it_is_in_any_range(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, NR);
	const struct join *join;
	unsigned long addr;
	unsigned int k;

	for (join = joins; join < joins + ARRAY_SIZE(joins); join++) {
		ranges->nr = 0;
		for (k = 0; k < NR && (join->in[k].start || join->in[k].size); k++)
			klp_ranges_add(ranges, join->in[k].start, join->in[k].size);
		klp_ranges_sort(ranges);

		for (addr = 0; addr < 0x500; addr++)
			KUNIT_EXPECT_EQ_MSG(test, klp_ranges_hit(ranges, addr),
					    in_any(join, addr), "%s: %lx", join->name, addr);
		for (k = 0; k < 4; k++) {
			addr = ULONG_MAX - k;
			KUNIT_EXPECT_EQ_MSG(test, klp_ranges_hit(ranges, addr),
					    in_any(join, addr), "%s: %lx", join->name, addr);
		}
	}
}

#define MANY	1000

/* Sorted by a stride that meets each once; the search must end in each. */
static void every_one_of_many_ranges_is_found(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, MANY);
	unsigned int i, wrong = 0;
	unsigned long start;

	for (i = 0; i < MANY; i++)
		klp_ranges_add(ranges, 0x10000 + 0x100 * ((i * 617) % MANY), 0x80);
	klp_ranges_sort(ranges);
	KUNIT_EXPECT_EQ(test, ranges->nr, MANY);

	for (i = 0; i < MANY; i++) {
		start = 0x10000 + 0x100 * i;
		wrong += klp_ranges_hit(ranges, start - 1);
		wrong += !klp_ranges_hit(ranges, start);
		wrong += !klp_ranges_hit(ranges, start + 0x80);
		wrong += klp_ranges_hit(ranges, start + 0x81);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* --- room ---------------------------------------------------------------------- */

static void without_room_ranges_are_counted(struct kunit *test)
{
	struct klp_ranges count = {};
	unsigned int i;

	for (i = 0; i < 100; i++)
		klp_ranges_add(&count, i, i);
	KUNIT_EXPECT_EQ(test, count.nr, 100);
	KUNIT_EXPECT_EQ(test, count.max, 0);
}

static void nothing_is_written_behind_the_last_range(struct kunit *test)
{
	struct klp_ranges *ranges = ranges_create(test, 4);
	unsigned int i;

	ranges->max = 2;
	memset(&ranges->range[0], 0x5a, 2 * sizeof(ranges->range[0]));
	for (i = 0; i < 4; i++)
		klp_ranges_add(ranges, 0x1000 * (i + 1), 0x10);
	KUNIT_EXPECT_EQ(test, ranges->nr, 4);
	KUNIT_EXPECT_EQ(test, ranges->range[1].start, 0x2000);

	ranges->max = 4;
	KUNIT_EXPECT_EQ(test, ranges->range[2].start, 0);
	KUNIT_EXPECT_EQ(test, ranges->range[2].end, 0);
	KUNIT_EXPECT_EQ(test, ranges->range[3].start, 0);
}

/* --- code with pieces ---------------------------------------------------------- */

static void pieces_count_like_the_function_itself(struct kunit *test)
{
	struct klp_piece second = { .start = 0x5000, .size = 0x20 };
	struct klp_piece first = { .next = &second, .start = 0x200, .size = 0x10 };
	struct klp_code plain = { .start = 0x1000, .size = 0x100 };
	struct klp_code split = { .start = 0x1000, .size = 0x100, .pieces = &first };
	struct klp_ranges count = {}, *ranges = ranges_create(test, 3);

	klp_ranges_add_code(&count, &plain);
	KUNIT_EXPECT_EQ(test, count.nr, 1);
	klp_ranges_add_code(&count, &split);
	KUNIT_EXPECT_EQ(test, count.nr, 4);

	klp_ranges_add_code(ranges, &plain);
	klp_ranges_sort(ranges);
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x1000));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 0x200));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 0x5000));

	ranges->nr = 0;
	klp_ranges_add_code(ranges, &split);
	klp_ranges_sort(ranges);
	KUNIT_EXPECT_EQ(test, ranges->nr, 3);
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x1000));
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x1100));
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x200));
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x210));
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x5000));
	KUNIT_EXPECT_TRUE(test, klp_ranges_hit(ranges, 0x5020));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 0x211));
	KUNIT_EXPECT_FALSE(test, klp_ranges_hit(ranges, 0x4fff));
}

/* --- stacks -------------------------------------------------------------------- */

/* A call and what it found.  The functions below hand it down, and stay on the stack. */
struct look {
	struct klp_ranges *ranges;
	struct task_struct *task;
	enum klp_stack found;
	unsigned long where;
	unsigned int depth;
	struct completion inside, leave;
	struct irq_work work;
};

static noinline void look_now(struct look *look)
{
	look->found = klp_stack_check(look->task, look->ranges, &look->where);
	barrier();
}

static noinline void stand_here(struct look *look, void (*what)(struct look *))
{
	what(look);
	barrier();
}

static noinline void stand_deep(struct look *look)
{
	if (look->depth--)
		stand_deep(look);
	else
		look_now(look);
	barrier();
}

/* Called by nobody who looks */
static noinline void stand_elsewhere(struct look *look)
{
	WRITE_ONCE(look->depth, 7);
	barrier();
}

static struct look *look_create(struct kunit *test, void *func)
{
	struct look *look = kunit_kzalloc(test, sizeof(*look), GFP_KERNEL);
	unsigned long size, offset, start = (unsigned long)dereference_function_descriptor(func);

	if (!klp_have_reliable_stack())
		kunit_skip(test, "no reliable stack traces here");
	KUNIT_ASSERT_NOT_NULL(test, look);
	KUNIT_ASSERT_NE(test, kallsyms_lookup_size_offset(start, &size, &offset), 0);
	KUNIT_ASSERT_EQ(test, offset, 0);
	look->task = current;
	look->ranges = ranges_create(test, 4);
	klp_ranges_add(look->ranges, start, size);
	init_completion(&look->inside);
	init_completion(&look->leave);
	return look;
}

static void look_for(struct look *look, unsigned long start, unsigned long size)
{
	look->ranges->nr = 0;
	klp_ranges_add(look->ranges, start, size);
	look->where = 0;
}

static void a_frame_in_the_code_blocks(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);
	struct klp_range *code = &look->ranges->range[0];

	stand_here(look, look_now);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_BLOCKED);
	KUNIT_EXPECT_GE(test, look->where, code->start);
	KUNIT_EXPECT_LE(test, look->where, code->end);

	/* It is where the task stands that matters, not what it has called before */
	look_now(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
}

static void code_that_is_not_on_the_stack_does_not_block(struct kunit *test)
{
	struct look *look = look_create(test, stand_elsewhere);

	stand_elsewhere(look);
	stand_here(look, look_now);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
}

static void a_stack_is_clear_of_nothing(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);

	look->ranges->nr = 0;
	stand_here(look, look_now);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
}

static void a_return_address_at_either_end_blocks(struct kunit *test)
{
	static const struct {
		long start;		/* from the return address */
		unsigned long size;
		enum klp_stack found;
	} ends[] = {
		{ -4, 4, KLP_STACK_BLOCKED },
		{ -4, 3, KLP_STACK_CLEAR },
		{ -4, 8, KLP_STACK_BLOCKED },
		{ 0, 0, KLP_STACK_BLOCKED },
		{ 0, 1, KLP_STACK_BLOCKED },
		{ 1, 1, KLP_STACK_CLEAR },
		{ -1, 0, KLP_STACK_CLEAR },
	};
	struct look *look = look_create(test, stand_here);
	unsigned long where;
	int i;

	stand_here(look, look_now);
	KUNIT_ASSERT_EQ(test, look->found, KLP_STACK_BLOCKED);
	where = look->where;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		look_for(look, where + ends[i].start, ends[i].size);
		stand_here(look, look_now);
		KUNIT_EXPECT_EQ_MSG(test, look->found, ends[i].found, "%ld + %lu", ends[i].start,
				    ends[i].size);
		if (ends[i].found == KLP_STACK_BLOCKED)
			KUNIT_EXPECT_EQ(test, look->where, where);
	}
}

static void frame_below_a_deep_stack_blocks(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);
	const unsigned int depth = 120;

	look->depth = depth;
	stand_here(look, stand_deep);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_BLOCKED);

	/* And a stack as deep that is clear is seen to its end */
	look->depth = depth;
	stand_deep(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
}

static void look_in_irq(struct irq_work *work)
{
	look_now(container_of(work, struct look, work));
}

static void be_interrupted(struct look *look)
{
	irq_work_queue(&look->work);
	irq_work_sync(&look->work);
}

/* Below an interrupt, a stack that cannot be unwound is fine; to miss a frame is not */
static void an_interrupt_does_not_hide_a_frame(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);

	look->work = IRQ_WORK_INIT_HARD(look_in_irq);
	stand_here(look, be_interrupted);
	KUNIT_EXPECT_NE(test, look->found, KLP_STACK_CLEAR);
}

/* --- stacks of others ------------------------------------------------------------ */

static void sleep_inside(struct look *look)
{
	complete(&look->inside);
	wait_for_completion(&look->leave);
}

static int sleeper(void *data)
{
	stand_here(data, sleep_inside);
	return 0;
}

static struct task_struct *sleeper_create(struct kunit *test, struct look *look)
{
	struct task_struct *task = kthread_create(sleeper, look, "klp_kunit");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	look->task = task;
	wake_up_process(task);
	wait_for_completion(&look->inside);
	wait_task_inactive(task, TASK_UNINTERRUPTIBLE);
	return task;
}

static void sleeper_leave(struct look *look)
{
	complete(&look->leave);
	kthread_stop_put(look->task);
}

static void a_sleeping_task_blocks_where_it_sleeps(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);
	unsigned long start = look->ranges->range[0].start;
	unsigned long size = look->ranges->range[0].end - start;

	sleeper_create(test, look);
	look_now(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_BLOCKED);
	look_for(look, start, 0);
	look_now(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);

	/* What current runs is no matter */
	look_for(look, (unsigned long)look_now, 0x10);
	look_now(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
	look_for(look, start, size);
	stand_here(look, look_now);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_BLOCKED);

	sleeper_leave(look);
}

/* Its stack goes when it has been switched away from for the last time. */
static void dead_task_is_clear_of_everything(struct kunit *test)
{
	struct look *look = look_create(test, stand_here);
	unsigned long until = jiffies + 10 * HZ;
	struct task_struct *task;

	if (!IS_ENABLED(CONFIG_THREAD_INFO_IN_TASK))
		kunit_skip(test, "stacks live as long as their tasks here");

	task = sleeper_create(test, look);
	get_task_struct(task);
	sleeper_leave(look);
	while (READ_ONCE(task->stack) && time_before(jiffies, until))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_NULL(test, task->stack);

	look_for(look, 0, ULONG_MAX);
	look_now(look);
	KUNIT_EXPECT_EQ(test, look->found, KLP_STACK_CLEAR);
	put_task_struct(task);
}

/* ------------------------------------------------------------------------------- */

static struct kunit_case stack_cases[] = {
	KUNIT_CASE(a_range_is_closed_at_both_ends),
	KUNIT_CASE(no_range_hits_nothing),
	KUNIT_CASE(what_overlaps_is_joined),
	KUNIT_CASE(an_address_hits_if_it_is_in_any_range),
	KUNIT_CASE(every_one_of_many_ranges_is_found),
	KUNIT_CASE(without_room_ranges_are_counted),
	KUNIT_CASE(nothing_is_written_behind_the_last_range),
	KUNIT_CASE(pieces_count_like_the_function_itself),
	KUNIT_CASE(a_frame_in_the_code_blocks),
	KUNIT_CASE(code_that_is_not_on_the_stack_does_not_block),
	KUNIT_CASE(a_stack_is_clear_of_nothing),
	KUNIT_CASE(a_return_address_at_either_end_blocks),
	KUNIT_CASE(frame_below_a_deep_stack_blocks),
	KUNIT_CASE(an_interrupt_does_not_hide_a_frame),
	KUNIT_CASE(a_sleeping_task_blocks_where_it_sleeps),
	KUNIT_CASE(dead_task_is_clear_of_everything),
	{}
};

static struct kunit_suite stack_suite = {
	.name = "livepatch_stack",
	.test_cases = stack_cases,
};

kunit_test_suite(stack_suite);
