// SPDX-License-Identifier: GPL-2.0
/*
 * Cumulative patches, the second of two: a patch with .replace set takes the
 * place of every patch enabled before it, in one step.
 *
 * It changes /proc/version in another way than livepatch-cumulative-1.c, adds
 * /proc/uptime, and no longer touches /proc/cmdline.  That function returns to
 * its original although this patch never names it.
 *
 * What to try, and what one sees:
 *
 *	# insmod livepatch-cumulative-1.ko
 *	# cat /proc/cmdline /proc/version
 *	/proc/cmdline as cumulative patch 1 shows it
 *	/proc/version as cumulative patch 1 shows it
 *	# insmod livepatch-cumulative-2.ko
 *	# cat /proc/cmdline /proc/version /proc/uptime
 *	...the kernel's real command line...
 *	/proc/version as cumulative patch 2 shows it
 *	/proc/uptime as cumulative patch 2 shows it
 *	# ls /sys/kernel/livepatch
 *	livepatch_cumulative_2
 *	# rmmod livepatch_cumulative_1	the replaced module may go
 *	# echo 0 > /sys/kernel/livepatch/livepatch_cumulative_2/enabled
 *
 * Disabling the second does not bring the first one back.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int cumulative2_version_show(struct seq_file *m, void *v)
{
	seq_puts(m, "/proc/version as cumulative patch 2 shows it\n");
	return 0;
}

static int cumulative2_uptime_show(struct seq_file *m, void *v)
{
	seq_puts(m, "/proc/uptime as cumulative patch 2 shows it\n");
	return 0;
}

static struct klp_func cumulative2_funcs[] = {
	{ .old_name = "version_proc_show", .new_func = cumulative2_version_show },
	{ .old_name = "uptime_proc_show", .new_func = cumulative2_uptime_show },
	{ }
};

static struct klp_object cumulative2_objects[] = {
	{ .funcs = cumulative2_funcs },
	{ }
};

static struct klp_patch cumulative2_patch = {
	.mod = THIS_MODULE,
	.objs = cumulative2_objects,
	.replace = true,
};

static int __init cumulative2_init(void)
{
	return klp_enable_patch(&cumulative2_patch);
}
module_init(cumulative2_init);

static void __exit cumulative2_exit(void)
{
}
module_exit(cumulative2_exit);

MODULE_DESCRIPTION("Live patch sample: cumulative patch, second release");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
