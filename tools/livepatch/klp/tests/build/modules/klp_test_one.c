// SPDX-License-Identifier: GPL-2.0
/* A module for a patch: a parameter that counts how often it is read, and an export. */
#include <linux/module.h>
#include <linux/sysfs.h>

static int reads;

int klp_test_add(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL_GPL(klp_test_add);

static int one_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "one %d\n", ++reads);
}

static const struct kernel_param_ops one_ops = { .get = one_get };

module_param_cb(one, &one_ops, NULL, 0444);

MODULE_DESCRIPTION("Module for tests of klp build");
MODULE_LICENSE("GPL");
