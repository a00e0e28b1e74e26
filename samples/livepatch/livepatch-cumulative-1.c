// SPDX-License-Identifier: GPL-2.0
/*
 * Cumulative patches, the first of two: livepatch-cumulative-2.c replaces it.
 *
 * This one changes two files, /proc/cmdline and /proc/version; see the other
 * for what to try.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int cumulative1_cmdline_show(struct seq_file *m, void *v)
{
	seq_puts(m, "/proc/cmdline as cumulative patch 1 shows it\n");
	return 0;
}

static int cumulative1_version_show(struct seq_file *m, void *v)
{
	seq_puts(m, "/proc/version as cumulative patch 1 shows it\n");
	return 0;
}

static struct klp_func cumulative1_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = cumulative1_cmdline_show },
	{ .old_name = "version_proc_show", .new_func = cumulative1_version_show },
	{ }
};

static struct klp_object cumulative1_objects[] = {
	{ .funcs = cumulative1_funcs },
	{ }
};

static struct klp_patch cumulative1_patch = {
	.mod = THIS_MODULE,
	.objs = cumulative1_objects,
	.replace = true,
};

static int __init cumulative1_init(void)
{
	return klp_enable_patch(&cumulative1_patch);
}
module_init(cumulative1_init);

static void __exit cumulative1_exit(void)
{
}
module_exit(cumulative1_exit);

MODULE_DESCRIPTION("Live patch sample: cumulative patch, first release");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
