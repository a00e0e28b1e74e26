// SPDX-License-Identifier: GPL-2.0
/*
 * Patch a function of a module, whether that module is loaded yet or not.
 *
 * What to try, and what one sees:
 *
 *	# T=/sys/module/livepatch_module_object_target/parameters/greeting
 *	# P=/sys/kernel/livepatch/livepatch_module_object
 *	# insmod livepatch-module-object.ko
 *	# cat $P/livepatch_module_object_target/patched
 *	0				the module to patch is not there
 *	# insmod livepatch-module-object-target.ko
 *	# cat $P/livepatch_module_object_target/patched
 *	1				patched before its init function ran
 *	# cat $T
 *	hello from the live patch
 *	# rmmod livepatch_module_object_target
 *	# cat $P/livepatch_module_object_target/patched
 *	0				the patch takes no reference on it
 *	# insmod livepatch-module-object-target.ko
 *	# echo 0 > $P/enabled
 *	# cat $T
 *	hello from the original function
 *
 * The other order, target first, ends in the same state.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

static int patched_greeting_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "hello from the live patch\n");
}

static struct klp_func target_funcs[] = {
	{
		.old_name = "target_greeting_get",
		.new_func = patched_greeting_get,
		/* The name must be unique in the module; else give a position. */
		.old_sympos = 0,
	},
	{ }
};

/* The module's name as /proc/modules shows it: underscores, no ".ko". */
static struct klp_object module_objects[] = {
	{ .name = "livepatch_module_object_target", .funcs = target_funcs },
	{ }
};

static struct klp_patch module_patch = {
	.mod = THIS_MODULE,
	.objs = module_objects,
};

static int __init module_object_init(void)
{
	return klp_enable_patch(&module_patch);
}
module_init(module_object_init);

static void __exit module_object_exit(void)
{
}
module_exit(module_object_exit);

MODULE_DESCRIPTION("Live patch sample: replace a function of a module");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
