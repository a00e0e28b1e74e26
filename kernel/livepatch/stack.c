// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * May a task move?  Keeps sorted the code that tasks must not stand in, and tells
 * whether a stack is clear of it.
 */
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/task_stack.h>
#include <linux/sort.h>
#include <linux/stacktrace.h>

#include "live.h"
#include "stack.h"

/**
 * DOC: The stack rule
 *
 * A task may move to the other side when no frame of its stack lies in code that
 * it would leave.  What that code is, is the same for all tasks of a side: it is
 * collected and sorted once per transition, and a frame costs one binary search.
 *
 * A range is closed, [start, start + size].  A trace mixes two kinds of addresses
 * and does not say which is which: a return address may equal the end (a call to
 * a function that never returns can be the last instruction), and the address of
 * an interrupted instruction may equal the start.  One byte too many only makes a
 * task wait a little longer.
 */

struct klp_ranges *klp_ranges_alloc(unsigned int max)
{
	struct klp_ranges *ranges;

	ranges = kvzalloc(struct_size(ranges, range, max), GFP_KERNEL);
	if (ranges)
		ranges->max = max;
	return ranges;
}

/* Without room it only counts, so that the same walk tells how much is needed */
void klp_ranges_add(struct klp_ranges *ranges, unsigned long start,
		    unsigned long size)
{
	if (ranges->nr < ranges->max)
		ranges->range[ranges->nr] = (struct klp_range){
			.start = start, .end = start + size,
		};
	ranges->nr++;
}

void klp_ranges_add_code(struct klp_ranges *ranges, const struct klp_code *code)
{
	const struct klp_piece *piece;

	klp_ranges_add(ranges, code->start, code->size);
	for (piece = code->pieces; piece; piece = piece->next)
		klp_ranges_add(ranges, piece->start, piece->size);
}

/* There are as many as a patch has functions, and sort() does not let others run */
static int klp_range_cmp(const void *a, const void *b)
{
	const struct klp_range *r = a, *s = b;

	if (need_resched())
		cond_resched();
	return (r->start > s->start) - (r->start < s->start);
}

/* Sorts, and joins what overlaps, so that a search needs to look at one range */
void klp_ranges_sort(struct klp_ranges *ranges)
{
	struct klp_range *last = ranges->range;
	unsigned int i;

	if (!ranges->nr)
		return;
	sort(ranges->range, ranges->nr, sizeof(*ranges->range), klp_range_cmp,
	     NULL);
	for (i = 1; i < ranges->nr; i++) {
		if (ranges->range[i].start > last->end)
			*++last = ranges->range[i];
		else
			last->end = max(last->end, ranges->range[i].end);
	}
	ranges->nr = last - ranges->range + 1;
}

/* Any context */
bool klp_ranges_hit(const struct klp_ranges *ranges, unsigned long addr)
{
	unsigned int lo = 0, hi = ranges->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (addr < ranges->range[mid].start)
			hi = mid;
		else if (addr > ranges->range[mid].end)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

struct klp_stack_walk {
	const struct klp_ranges *ranges;
	unsigned long last;
	bool hit;
};

static bool klp_stack_frame(void *cookie, unsigned long addr)
{
	struct klp_stack_walk *walk = cookie;

	walk->last = addr;
	walk->hit = klp_ranges_hit(walk->ranges, addr);
	return !walk->hit;
}

/**
 * klp_stack_check() - is the stack of a task clear of some code?
 * @task:	current, or a task that cannot run meanwhile
 * @ranges:	the code
 * @where:	set to the frame that is in the way, or the last one seen
 *
 * However deep the stack is: frames are judged as they are met, not stored.
 *
 * Context: Any, also with interrupts off and under pi_lock.
 * Return: what was found.
 */
enum klp_stack klp_stack_check(struct task_struct *task,
			       const struct klp_ranges *ranges,
			       unsigned long *where)
{
	struct klp_stack_walk walk = { .ranges = ranges };
	int ret;

	*where = 0;
	if (!klp_have_reliable_stack())
		return KLP_STACK_UNRELIABLE;
	if (!try_get_task_stack(task))
		return KLP_STACK_CLEAR;		/* it is dead */
	ret = arch_stack_walk_reliable(klp_stack_frame, &walk, task);
	put_task_stack(task);

	*where = walk.last;
	if (walk.hit)
		return KLP_STACK_BLOCKED;
	return ret ? KLP_STACK_UNRELIABLE : KLP_STACK_CLEAR;
}
