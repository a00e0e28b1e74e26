// SPDX-License-Identifier: GPL-2.0
/*
 * Calls the shadow variable functions, as told by what is written to the
 * parameter "call"; reading it tells what came of it.  An ordinary module: one
 * needs no patch for shadow variables.
 *
 *	alloc OBJ ID VALUE		value VALUE, or none
 *	alloc_atomic OBJ ID VALUE	the same, with GFP_ATOMIC
 *	get_or_alloc OBJ ID VALUE	the same
 *	refuse OBJ ID ERROR		the same, by a constructor that returns ERROR
 *	get OBJ ID			the same
 *	free OBJ ID			destroyed COUNT
 *	fill COUNT ID			filled COUNT: objects 0, 8, 16...
 *	free_all ID			destroyed COUNT, interrupted COUNT
 *
 * OBJ is the number to pass as an address, ID may be any number too.
 */
#include <linux/hrtimer.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>

#define TICK	(200 * NSEC_PER_USEC)

static char said[80];

static unsigned long filled;		/* before a free_all */
static unsigned long destroyed;
static unsigned long interrupted;	/* with some destroyed and some not */

static int keep_value(void *obj, void *data, void *ctor_data)
{
	*(long *)data = *(long *)ctor_data;
	return 0;
}

static int refuse(void *obj, void *data, void *ctor_data)
{
	return *(long *)ctor_data;
}

static void count(void *obj, void *data)
{
	destroyed++;
}

static enum hrtimer_restart interrupt(struct hrtimer *timer)
{
	if (destroyed > 0 && destroyed < filled)
		interrupted++;
	hrtimer_forward_now(timer, TICK);
	return HRTIMER_RESTART;
}

/* With a timer on this CPU, to see whether it is served meanwhile. */
static void free_all(unsigned long id)
{
	struct hrtimer timer;

	interrupted = 0;
	hrtimer_init_on_stack(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = interrupt;

	preempt_disable();
	hrtimer_start(&timer, TICK, HRTIMER_MODE_REL_PINNED_HARD);
	klp_shadow_free_all(id, count);
	preempt_enable();

	hrtimer_cancel(&timer);
	destroy_hrtimer_on_stack(&timer);
	sprintf(said, "destroyed %lu, interrupted %lu", destroyed, interrupted);
	filled = 0;
}

static void fill(unsigned long nr, unsigned long id)
{
	unsigned long i;
	long value = 0;

	for (i = 0; i < nr; i++) {
		if (klp_shadow_alloc((void *)(i * 8), id, sizeof(value), GFP_KERNEL,
				     keep_value, &value))
			filled++;
	}
	sprintf(said, "filled %lu", filled);
}

static void say_value(const long *data)
{
	if (data)
		sprintf(said, "value %ld", *data);
	else
		sprintf(said, "none");
}

static int call_set(const char *text, const struct kernel_param *kp)
{
	unsigned long obj, id;
	char what[16];
	long value;
	int n;

	n = sscanf(text, "%15s %li %li %li", what, &obj, &id, &value);
	destroyed = 0;
	if (n == 4 && !strcmp(what, "alloc")) {
		say_value(klp_shadow_alloc((void *)obj, id, sizeof(value), GFP_KERNEL,
					   keep_value, &value));
	} else if (n == 4 && !strcmp(what, "alloc_atomic")) {
		say_value(klp_shadow_alloc((void *)obj, id, sizeof(value), GFP_ATOMIC,
					   keep_value, &value));
	} else if (n == 4 && !strcmp(what, "get_or_alloc")) {
		say_value(klp_shadow_get_or_alloc((void *)obj, id, sizeof(value), GFP_KERNEL,
						  keep_value, &value));
	} else if (n == 4 && !strcmp(what, "refuse")) {
		say_value(klp_shadow_alloc((void *)obj, id, sizeof(value), GFP_KERNEL,
					   refuse, &value));
	} else if (n == 3 && !strcmp(what, "get")) {
		say_value(klp_shadow_get((void *)obj, id));
	} else if (n == 3 && !strcmp(what, "free")) {
		klp_shadow_free((void *)obj, id, count);
		sprintf(said, "destroyed %lu", destroyed);
	} else if (n == 3 && !strcmp(what, "fill")) {
		fill(obj, id);
	} else if (n == 2 && !strcmp(what, "free_all")) {
		free_all(obj);
	} else {
		return -EINVAL;
	}
	return 0;
}

static int call_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", said);
}

static const struct kernel_param_ops call_ops = {
	.set = call_set,
	.get = call_get,
};
module_param_cb(call, &call_ops, NULL, 0600);

static int __init shadow_init(void)
{
	return 0;
}
module_init(shadow_init);

static void __exit shadow_exit(void)
{
}
module_exit(shadow_exit);

MODULE_DESCRIPTION("Livepatch test: calls the shadow variable functions");
MODULE_LICENSE("GPL");
