// SPDX-License-Identifier: GPL-2.0
/*
 * One of the modules that a patch is spread over.  scripts/bench copies it under the names
 * klp_bench_part01 and so on.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "klp_bench.h"

#define F(n)	static noinline __noclone int f##n(int x) { return x * 3 + 1##n; }
#include "klp_bench_part.h"
#undef F

#define F(n)	f##n,
static int (* const funcs[])(int) = {
#include "klp_bench_part.h"
};

#undef F

/* What they are replaced with was made for others, and so adds anything but 0. */
static int patched_get(char *buf, const struct kernel_param *kp)
{
	int i, patched = 0;

	for (i = 0; i < ARRAY_SIZE(funcs); i++)
		patched += funcs[i](0) != KLP_BENCH_SHIFT + i;

	return sysfs_emit(buf, "%d\n", patched);
}

static const struct kernel_param_ops patched_ops = { .get = patched_get };
module_param_cb(patched, &patched_ops, NULL, 0400);
MODULE_PARM_DESC(patched, "how many functions run their new version");

static int __init klp_bench_part_init(void)
{
	return 0;
}

static void __exit klp_bench_part_exit(void)
{
}

module_init(klp_bench_part_init);
module_exit(klp_bench_part_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch benchmark: one of several modules to patch");
