// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of as many of klp_bench_target's functions as asked for, declared in heap memory as
 * kpatch does it.  It notes when it calls klp_enable_patch() and when that returns.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "klp_bench.h"

static unsigned int nfuncs = 1;
module_param(nfuncs, uint, 0444);
MODULE_PARM_DESC(nfuncs, "how many of f0000 to f0999 to replace");

static bool hot;
module_param(hot, bool, 0444);
MODULE_PARM_DESC(hot, "replace the function that is called in a loop");

static bool stay;
module_param(stay, bool, 0444);
MODULE_PARM_DESC(stay, "replace the function that a kthread never leaves");

static bool dry;
module_param(dry, bool, 0444);
MODULE_PARM_DESC(dry, "declare the patch, but do not enable it");

static unsigned long called_ns;
module_param(called_ns, ulong, 0444);
MODULE_PARM_DESC(called_ns, "when klp_enable_patch() was called (read only)");

static unsigned long returned_ns;
module_param(returned_ns, ulong, 0444);
MODULE_PARM_DESC(returned_ns, "when klp_enable_patch() returned (read only)");

#define F(n)	static noinline __noclone int g##n(int x) { return x * 3 + 1##n + KLP_BENCH_SHIFT; }
#include "klp_bench_list.h"
#undef F

#define F(n)	g##n,
static int (* const funcs[])(int) = {
#include "klp_bench_list.h"
};

#undef F

/* The body of the function it replaces, so that only the way to it differs. */
static noinline __noclone int new_hot(int x)
{
	return x + 1;
}

/* Nobody gets here: the kthread never calls the function it stays in again. */
static noinline __noclone int new_stay(void *unused)
{
	return -EINVAL;
}

static struct klp_patch patch = { .mod = THIS_MODULE };

static void patch_free(void)
{
	struct klp_func *func;

	if (patch.objs && patch.objs->funcs) {
		for (func = patch.objs->funcs; func->old_name; func++)
			kfree(func->old_name);
		kfree(patch.objs->funcs);
	}
	kfree(patch.objs);
}

static bool func_add(struct klp_func *func, char *old_name, void *new_func)
{
	func->old_name = old_name;
	func->new_func = new_func;

	return old_name;
}

static int patch_declare(void)
{
	struct klp_func *func;
	unsigned int i;

	patch.objs = kcalloc(2, sizeof(*patch.objs), GFP_KERNEL);
	if (!patch.objs)
		return -ENOMEM;

	patch.objs->name = "klp_bench_target";
	func = kcalloc(nfuncs + 3, sizeof(*func), GFP_KERNEL);
	patch.objs->funcs = func;
	if (!func)
		return -ENOMEM;

	for (i = 0; i < nfuncs; i++)
		if (!func_add(func++, kasprintf(GFP_KERNEL, "f%04u", i), funcs[i]))
			return -ENOMEM;
	if (hot && !func_add(func++, kstrdup("klp_bench_hot", GFP_KERNEL), new_hot))
		return -ENOMEM;
	if (stay && !func_add(func++, kstrdup("klp_bench_stay", GFP_KERNEL), new_stay))
		return -ENOMEM;

	return 0;
}

static int patch_enable(void)
{
	int ret;

	called_ns = ktime_get_ns();
	ret = klp_enable_patch(&patch);
	returned_ns = ktime_get_ns();

	return ret;
}

static int __init klp_bench_patch_init(void)
{
	int ret;

	if (nfuncs > KLP_BENCH_FUNCS)
		return -EINVAL;

	ret = patch_declare();
	if (!ret && !dry)
		ret = patch_enable();
	if (ret)
		patch_free();

	return ret;
}

static void __exit klp_bench_patch_exit(void)
{
	patch_free();
}

module_init(klp_bench_patch_init);
module_exit(klp_bench_patch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch benchmark: the patch");
