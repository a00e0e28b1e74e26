// SPDX-License-Identifier: GPL-2.0
/*
 * The module that livepatch-module-object.c patches; not a live patch itself.
 * It greets whoever reads its parameter "greeting".
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

static int target_greeting_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "hello from the original function\n");
}

static const struct kernel_param_ops target_greeting_ops = {
	.get = target_greeting_get,
};

module_param_cb(greeting, &target_greeting_ops, NULL, 0444);
MODULE_PARM_DESC(greeting, "Read it to call the function that gets patched");

MODULE_DESCRIPTION("Live patch sample: a module to be patched");
MODULE_LICENSE("GPL");
