// SPDX-License-Identifier: GPL-2.0
/*
 * The first live patch: one function of the kernel itself gets a new body.
 *
 * What to try, and what one sees:
 *
 *	# insmod livepatch-sample.ko
 *	# cat /proc/cmdline
 *	this kernel has been live patched
 *	# cat /sys/kernel/livepatch/livepatch_sample/enabled
 *	1
 *	# echo 0 > /sys/kernel/livepatch/livepatch_sample/enabled
 *	# cat /proc/cmdline
 *	...the kernel's real command line again...
 *	# rmmod livepatch_sample
 *
 * The directory below /sys/kernel/livepatch goes away by itself once the patch
 * is disabled; rmmod works from then on.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

/* Same prototype as the function it stands in for, see fs/proc/cmdline.c. */
static int sample_cmdline_show(struct seq_file *m, void *v)
{
	seq_puts(m, "this kernel has been live patched\n");
	return 0;
}

/* Which function is replaced, and by what.  An empty entry ends the array. */
static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = sample_cmdline_show },
	{ }
};

/* Where those functions live.  No name means the kernel itself. */
static struct klp_object sample_objects[] = {
	{ .funcs = vmlinux_funcs },
	{ }
};

static struct klp_patch sample_patch = {
	.mod = THIS_MODULE,
	.objs = sample_objects,
};

/* Enabling comes last: from here on the new function may be running. */
static int __init sample_init(void)
{
	return klp_enable_patch(&sample_patch);
}
module_init(sample_init);

/* Reached only after the patch was disabled, so there is nothing to undo. */
static void __exit sample_exit(void)
{
}
module_exit(sample_exit);

MODULE_DESCRIPTION("Live patch sample: replace one function of the kernel");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
