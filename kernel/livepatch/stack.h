/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May a task move?  Not while its stack has a frame in code that it would leave. */
#ifndef _KLP_STACK_H
#define _KLP_STACK_H

#include <linux/types.h>

struct klp_code;
struct task_struct;

/**
 * struct klp_range - code, from its first byte to the byte behind its last
 * @start:	address of the first byte
 * @end:	address of the byte behind the last, which counts too
 */
struct klp_range {
	unsigned long start;
	unsigned long end;
};

/**
 * struct klp_ranges - the code that a task leaves by moving off one side
 * @nr:		number of ranges added
 * @max:	room for that many in @range
 * @range:	once klp_ranges_sort() is done: sorted, and apart from each other
 */
struct klp_ranges {
	unsigned int nr;
	unsigned int max;
	struct klp_range range[] __counted_by(max);
};

/**
 * enum klp_stack - what a look at a stack tells
 * @KLP_STACK_CLEAR:	no frame in the ranges
 * @KLP_STACK_BLOCKED:	a frame in the ranges
 * @KLP_STACK_UNRELIABLE: the stack could not be unwound to its end
 */
enum klp_stack {
	KLP_STACK_CLEAR,
	KLP_STACK_BLOCKED,
	KLP_STACK_UNRELIABLE,
};

struct klp_ranges *klp_ranges_alloc(unsigned int max);
void klp_ranges_add(struct klp_ranges *ranges, unsigned long start,
		    unsigned long size);
void klp_ranges_add_code(struct klp_ranges *ranges, const struct klp_code *code);
void klp_ranges_sort(struct klp_ranges *ranges);
bool klp_ranges_hit(const struct klp_ranges *ranges, unsigned long addr);
enum klp_stack klp_stack_check(struct task_struct *task,
			       const struct klp_ranges *ranges,
			       unsigned long *where);

#endif /* _KLP_STACK_H */
