// SPDX-License-Identifier: GPL-2.0
/* A patch that refers to symbols of the kernel and of a module. */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>

#include "klp_test_reloc.h"

/* Holds the address while the module is there, and nothing otherwise. */
static int *secret_nr = &tgt_secret_nr;

static int secret_set_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", !!READ_ONCE(secret_nr));
}

static const struct kernel_param_ops secret_set_ops = { .get = secret_set_get };
module_param_cb(secret_set, &secret_set_ops, NULL, 0444);
MODULE_PARM_DESC(secret_set, "1 while the relocation in .data is applied");

static int fail_times;
module_param(fail_times, int, 0444);
MODULE_PARM_DESC(fail_times, "how often pre_patch of the target still fails");

static bool only_target;
module_param(only_target, bool, 0444);
MODULE_PARM_DESC(only_target, "leave the kernel as it is");

static int pre_patch(struct klp_object *obj)
{
	if (!fail_times)
		return 0;

	fail_times--;
	return -ENODEV;
}

static int new_value(void)
{
	return tgt_secret_fn(3) + 10000 * *READ_ONCE(secret_nr);
}

static int new_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s (%s)\n", vmlinux_saved_command_line,
		   vmlinux_task_curr(current) ? "running" : "not running");
	return 0;
}

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_show },
	{ }
};

static struct klp_func tgt_funcs[] = {
	{ .old_name = "tgt_fn_00", .new_func = new_value },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs },
	{
		.name = "klp_test_tgt_00",
		.funcs = tgt_funcs,
		.callbacks = { .pre_patch = pre_patch },
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init reloc_init(void)
{
	if (only_target)
		patch.objs = objs + 1;

	return klp_enable_patch(&patch);
}

static void __exit reloc_exit(void)
{
}

module_init(reloc_init);
module_exit(reloc_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: references by livepatch relocations");
MODULE_LICENSE("GPL");
