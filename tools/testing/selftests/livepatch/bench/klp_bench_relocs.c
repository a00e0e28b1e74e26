// SPDX-License-Identifier: GPL-2.0
/*
 * A thousand references to functions of klp_bench_target, or of the kernel, that klp-relocs turns
 * into livepatch relocations.  Those of the kernel are applied while this loads, those of the
 * target while a patch is enabled; as the patch also names a function that does not exist, that
 * is all that happens.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#include "klp_bench.h"

static unsigned long called_ns;
module_param(called_ns, ulong, 0444);
MODULE_PARM_DESC(called_ns, "when klp_enable_patch() was called (read only)");

static unsigned long returned_ns;
module_param(returned_ns, ulong, 0444);
MODULE_PARM_DESC(returned_ns, "when klp_enable_patch() returned (read only)");

/* Weak, or modpost would miss them. */
#ifdef KLP_BENCH_OF_VMLINUX
#define V(name)	extern char name##_ref[] asm("\".klp.sym.vmlinux." #name ",0\"") __weak;
#include "klp_bench_vmlinux.h"
#undef V
#define V(name)	name##_ref,
static void *refs[] = {
#include "klp_bench_vmlinux.h"
};
#else
#define F(n)	extern char ref##n[] asm("\".klp.sym.klp_bench_target.f" #n ",0\"") __weak;
#include "klp_bench_list.h"
#undef F
#define F(n)	ref##n,
static void *refs[] = {
#include "klp_bench_list.h"
};
#endif

static int refs_get(char *buf, const struct kernel_param *kp)
{
	int i, set = 0;

	for (i = 0; i < ARRAY_SIZE(refs); i++)
		set += !!READ_ONCE(refs[i]);

	return sysfs_emit(buf, "%d\n", set);
}

static const struct kernel_param_ops refs_ops = { .get = refs_get };
module_param_cb(refs, &refs_ops, NULL, 0444);
MODULE_PARM_DESC(refs, "how many references have an address now");

static int new_missing(void)
{
	return 0;
}

static struct klp_func no_funcs[] = { { } };

static struct klp_func missing_funcs[] = {
	{ .old_name = "klp_bench_missing", .new_func = new_missing },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klp_bench_target", .funcs = no_funcs },
	{ .funcs = missing_funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init klp_bench_relocs_init(void)
{
	int ret;

	called_ns = ktime_get_ns();
	ret = klp_enable_patch(&patch);
	returned_ns = ktime_get_ns();

	return ret == -EINVAL ? 0 : -EEXIST;
}

static void __exit klp_bench_relocs_exit(void)
{
}

module_init(klp_bench_relocs_init);
module_exit(klp_bench_relocs_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch benchmark: relocations");
