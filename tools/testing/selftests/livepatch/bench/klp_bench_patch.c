// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of as many functions as asked for, declared in heap memory as kpatch does it.  They
 * are klp_bench_target's, or spread over klp_bench_part00 and its copies, or named by who loads
 * it.  It notes when it calls klp_enable_patch() and when that returns.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "klp_bench.h"

static unsigned int nfuncs = 1;
module_param(nfuncs, uint, 0444);
MODULE_PARM_DESC(nfuncs, "how many functions to replace, f0000 to f0999 if not named");

static char *names[KLP_BENCH_FUNCS];
static unsigned int names_nr;
module_param_array(names, charp, &names_nr, 0444);
MODULE_PARM_DESC(names, "what they are called");

static char *object = "klp_bench_target";
module_param(object, charp, 0444);
MODULE_PARM_DESC(object, "where they are; vmlinux for the kernel");

static unsigned int parts;
module_param(parts, uint, 0444);
MODULE_PARM_DESC(parts, "over how many modules, klp_bench_partNN, they are spread instead");

static char *missing;
module_param(missing, charp, 0444);
MODULE_PARM_DESC(missing, "name, last of all, a function that this object does not have: must fail");

static bool missing_first;
module_param(missing_first, bool, 0444);
MODULE_PARM_DESC(missing_first, "not last but first");

static bool hot;
module_param(hot, bool, 0444);
MODULE_PARM_DESC(hot, "replace the function that is called in a loop");

static bool stay;
module_param(stay, bool, 0444);
MODULE_PARM_DESC(stay, "replace the function that a kthread never leaves");

static bool sleepers;
module_param(sleepers, bool, 0444);
MODULE_PARM_DESC(sleepers, "replace the function that all of klp_bench_threads sleep in");

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

/* Nobody gets here: no kthread calls the function it stays in again. */
static noinline __noclone int new_stay(void *unused)
{
	return -EINVAL;
}

static struct klp_patch patch = { .mod = THIS_MODULE };

static void patch_free(void)
{
	struct klp_object *obj;
	struct klp_func *func;

	for (obj = patch.objs; obj && (obj->funcs || obj->name); obj++) {
		for (func = obj->funcs; func && func->old_name; func++)
			kfree(func->old_name);
		kfree(obj->funcs);
		kfree(obj->name);
	}
	kfree(patch.objs);
	patch.objs = NULL;
}

/* Takes over @name. */
static int object_fill(struct klp_object *obj, char *name, unsigned int capacity)
{
	obj->name = name;
	obj->funcs = kcalloc(capacity + 1, sizeof(*obj->funcs), GFP_KERNEL);

	return name && obj->funcs ? 0 : -ENOMEM;
}

static int object_declare(struct klp_object *obj, const char *name, unsigned int capacity)
{
	int ret = object_fill(obj, kstrdup(name, GFP_KERNEL), capacity);

	if (!ret && !strcmp(name, "vmlinux")) {
		kfree(obj->name);
		obj->name = NULL;
	}

	return ret;
}

/* Takes over @old_name. */
static int func_add(struct klp_object *obj, char *old_name, void *new_func)
{
	struct klp_func *func = obj->funcs;

	while (func->old_name)
		func++;
	func->old_name = old_name;
	func->new_func = new_func;

	return old_name ? 0 : -ENOMEM;
}

static char *func_name(unsigned int i)
{
	if (names_nr)
		return kstrdup(i < names_nr ? names[i] : "", GFP_KERNEL);
	return kasprintf(GFP_KERNEL, "f%04u", parts ? i / parts : i);
}

static int objects_declare_parts(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < parts; i++) {
		ret = object_fill(&patch.objs[i], kasprintf(GFP_KERNEL, "klp_bench_part%02u", i),
				  nfuncs / parts + 1);
		if (ret)
			return ret;
	}

	return 0;
}

static int missing_declare(struct klp_object *obj)
{
	return object_declare(obj, missing, 1) ?:
	       func_add(obj, kstrdup("klp_bench_missing", GFP_KERNEL), new_stay);
}

static int objects_declare(void)
{
	struct klp_object *obj = patch.objs;
	int ret = 0;

	if (parts)
		return objects_declare_parts();

	if (missing_first)
		ret = missing_declare(obj++);
	if (!ret)
		ret = object_declare(obj, object, nfuncs + 2);
	if (!ret && hot)
		ret = func_add(obj, kstrdup("klp_bench_hot", GFP_KERNEL), new_hot);
	if (!ret && stay)
		ret = func_add(obj, kstrdup("klp_bench_stay", GFP_KERNEL), new_stay);
	if (!ret && sleepers)
		ret = object_declare(++obj, "klp_bench_threads", 1);
	if (!ret && sleepers)
		ret = func_add(obj, kstrdup("thread_sleep", GFP_KERNEL), new_stay);
	if (!ret && missing && !missing_first)
		ret = missing_declare(++obj);

	return ret;
}

static int patch_declare(void)
{
	struct klp_func *func;
	unsigned int i;
	int ret;

	/* One for each part, or three; and what ends the array. */
	patch.objs = kcalloc(KLP_BENCH_PARTS + 1, sizeof(*patch.objs), GFP_KERNEL);
	if (!patch.objs)
		return -ENOMEM;
	ret = objects_declare();
	if (ret)
		return ret;

	for (i = 0; i < nfuncs; i++) {
		/* Not func_add(): that would go through all of them each time. */
		func = parts ? &patch.objs[i % parts].funcs[i / parts] :
			       &patch.objs[missing_first].funcs[hot + stay + i];
		func->new_func = funcs[i];
		func->old_name = func_name(i);
		if (!func->old_name)
			return -ENOMEM;
	}

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

/* The times are read from parameters, which are gone if loading fails. */
static int patch_fail(void)
{
	int ret = patch_enable();

	if (!ret)
		return -EEXIST;
	patch_free();

	return ret == -EINVAL ? 0 : ret;
}

static int __init klp_bench_patch_init(void)
{
	int ret;

	if (nfuncs > KLP_BENCH_FUNCS || parts > KLP_BENCH_PARTS)
		return -EINVAL;

	ret = patch_declare();
	if (!ret && missing)
		ret = patch_fail();
	else if (!ret && !dry)
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
