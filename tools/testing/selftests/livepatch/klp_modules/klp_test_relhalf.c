// SPDX-License-Identifier: GPL-2.0
/*
 * A patch with two livepatch relocations in one section, of which the second cannot
 * be applied: the address of a module's symbol does not fit where it should go.  For
 * x86-64.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "klp_test_reloc.h"

struct half {
	int *whole;
	unsigned int part;
};

#ifdef CONFIG_X86_64
static noinline struct half *half(void)
{
	struct half *where;

	asm(".pushsection .data, \"aw\"\n"
	    "	.weak \".klp.sym.klp_test_tgt_00.tgt_secret_nr,0\"\n"
	    "	.balign 8\n"
	    "1:	.quad \".klp.sym.klp_test_tgt_00.tgt_secret_nr,0\"\n"
	    "	.long \".klp.sym.klp_test_tgt_00.tgt_secret_nr,0\"\n"
	    "	.long 0\n"
	    ".popsection\n"
	    "	lea 1b(%%rip), %0"
	    : "=r" (where));
	return where;
}
#else
static struct half *half(void)
{
	static struct half where = { &tgt_secret_nr };

	return &where;
}
#endif

static int whole_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", !!READ_ONCE(half()->whole));
}

static const struct kernel_param_ops whole_ops = { .get = whole_get };
module_param_cb(whole, &whole_ops, NULL, 0444);
MODULE_PARM_DESC(whole, "1 while the first relocation is applied");

static int new_value(void)
{
	return *READ_ONCE(half()->whole);
}

static struct klp_func funcs[] = {
	{ .old_name = "tgt_fn_00", .new_func = new_value },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klp_test_tgt_00", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init relhalf_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit relhalf_exit(void)
{
}

module_init(relhalf_init);
module_exit(relhalf_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: relocations that fail in the middle");
MODULE_LICENSE("GPL");
