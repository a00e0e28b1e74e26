// SPDX-License-Identifier: GPL-2.0
/* A module for a patch, that uses what another one exports. */
#include <linux/module.h>
#include <linux/sysfs.h>

int klp_test_add(int a, int b);

static __attribute__((__noipa__)) int hidden(int value)
{
	return value + 7;
}

static int two_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "two %d\n", klp_test_add(40, 2));
}

static const struct kernel_param_ops two_ops = { .get = two_get };

module_param_cb(two, &two_ops, NULL, 0444);

static int __init two_init(void)
{
	return hidden(1) - 8;
}

static void __exit two_exit(void)
{
}

module_init(two_init);
module_exit(two_exit);
MODULE_DESCRIPTION("Module for tests of klp build");
MODULE_LICENSE("GPL");
