// SPDX-License-Identifier: GPL-2.0
/*
 * A module for livepatch-callbacks-demo.c to react to; not a live patch itself.
 * Nothing in it is replaced: an object may bring callbacks alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/printk.h>

static int __init callbacks_mod_init(void)
{
	pr_info("init runs\n");
	return 0;
}
module_init(callbacks_mod_init);

static void __exit callbacks_mod_exit(void)
{
	pr_info("exit runs\n");
}
module_exit(callbacks_mod_exit);

MODULE_DESCRIPTION("Live patch sample: a module that callbacks watch");
MODULE_LICENSE("GPL");
