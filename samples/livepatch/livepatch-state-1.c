// SPDX-License-Identifier: GPL-2.0
/*
 * System states, the first of two: data that a patch keeps outside its
 * functions, and that the next release can take over.
 *
 * The state here is a counter of the reads of /proc/version.  This patch makes
 * the counter before anything is patched and frees it after everything was
 * restored.  See livepatch-state-2.c for what to try.
 */
#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

/* An id means the same in every release of the patch, whatever its version. */
#define STATE_READS	1

static struct klp_patch state1_patch;

/* What new functions use; the same memory as the state's data. */
static atomic_t *reads;

static int state1_version_show(struct seq_file *m, void *v)
{
	seq_printf(m, "state 1: read %d times\n", atomic_inc_return(reads));
	return 0;
}

static int state1_pre_patch(struct klp_object *obj)
{
	reads = kzalloc(sizeof(*reads), GFP_KERNEL);
	if (!reads)
		return -ENOMEM;

	klp_get_state(&state1_patch, STATE_READS)->data = reads;
	return 0;
}

/* Not called when a later patch replaces this one: then the counter is its. */
static void state1_post_unpatch(struct klp_object *obj)
{
	klp_get_state(&state1_patch, STATE_READS)->data = NULL;
	kfree(reads);
}

static struct klp_func state1_funcs[] = {
	{ .old_name = "version_proc_show", .new_func = state1_version_show },
	{ }
};

static struct klp_object state1_objects[] = {
	{
		.funcs = state1_funcs,
		.callbacks.pre_patch = state1_pre_patch,
		.callbacks.post_unpatch = state1_post_unpatch,
	},
	{ }
};

static struct klp_state state1_states[] = {
	{ .id = STATE_READS, .version = 1 },
	{ }
};

static struct klp_patch state1_patch = {
	.mod = THIS_MODULE,
	.objs = state1_objects,
	.states = state1_states,
	.replace = true,
};

static int __init state1_init(void)
{
	return klp_enable_patch(&state1_patch);
}
module_init(state1_init);

static void __exit state1_exit(void)
{
}
module_exit(state1_exit);

MODULE_DESCRIPTION("Live patch sample: a system state, first version");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
