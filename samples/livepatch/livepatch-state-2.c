// SPDX-License-Identifier: GPL-2.0
/*
 * System states, the second of two: a cumulative patch takes over the data of
 * the patch it replaces.
 *
 * What to try, and what one sees:
 *
 *	# insmod livepatch-state-1.ko
 *	# cat /proc/version /proc/version
 *	state 1: read 1 times
 *	state 1: read 2 times
 *	# insmod livepatch-state-2.ko
 *	# cat /proc/version
 *	state 2: read 3 times		counted on, not from the start
 *	# rmmod livepatch_state_1
 *	# insmod livepatch-state-1.ko
 *	insmod: ERROR: ... Invalid parameters
 *
 * The last is refused: a patch must know every state of the patches it
 * replaces, in the same version or a newer one.
 *
 * Loaded without the first, this patch makes a counter of its own.
 */
#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

/* The same id as in livepatch-state-1.c. */
#define STATE_READS	1

static struct klp_patch state2_patch;
static atomic_t *reads;

/* Until the transition is over, the counter belongs to the patch before us. */
static bool reads_borrowed;

static int state2_version_show(struct seq_file *m, void *v)
{
	seq_printf(m, "state 2: read %d times\n", atomic_inc_return(reads));
	return 0;
}

/* During the transition both patches count, each in its own tasks: share. */
static int state2_pre_patch(struct klp_object *obj)
{
	struct klp_state *prev = klp_get_prev_state(STATE_READS);

	if (prev) {
		reads = prev->data;
		reads_borrowed = true;
	} else {
		reads = kzalloc(sizeof(*reads), GFP_KERNEL);
		if (!reads)
			return -ENOMEM;
	}

	klp_get_state(&state2_patch, STATE_READS)->data = reads;
	return 0;
}

/* No way back to the patch before us: what was borrowed is ours now. */
static void state2_post_patch(struct klp_object *obj)
{
	struct klp_state *prev = klp_get_prev_state(STATE_READS);

	if (prev)
		prev->data = NULL;
	reads_borrowed = false;
}

/* After a transition that turned back, the counter is not ours to free. */
static void state2_post_unpatch(struct klp_object *obj)
{
	klp_get_state(&state2_patch, STATE_READS)->data = NULL;
	if (!reads_borrowed)
		kfree(reads);
}

static struct klp_func state2_funcs[] = {
	{ .old_name = "version_proc_show", .new_func = state2_version_show },
	{ }
};

static struct klp_object state2_objects[] = {
	{
		.funcs = state2_funcs,
		.callbacks.pre_patch = state2_pre_patch,
		.callbacks.post_patch = state2_post_patch,
		.callbacks.post_unpatch = state2_post_unpatch,
	},
	{ }
};

static struct klp_state state2_states[] = {
	{ .id = STATE_READS, .version = 2 },
	{ }
};

static struct klp_patch state2_patch = {
	.mod = THIS_MODULE,
	.objs = state2_objects,
	.states = state2_states,
	.replace = true,
};

static int __init state2_init(void)
{
	return klp_enable_patch(&state2_patch);
}
module_init(state2_init);

static void __exit state2_exit(void)
{
}
module_exit(state2_exit);

MODULE_DESCRIPTION("Live patch sample: a system state, taken over");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
