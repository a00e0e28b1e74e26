// SPDX-License-Identifier: GPL-2.0
/*
 * A patch whose only livepatch relocation lies in init code, which is gone
 * when the module comes that the relocation belongs to.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

#include "klp_test_reloc.h"

static int at_init;
module_param(at_init, int, 0444);

static int new_value(void)
{
	return 5000;
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

static noinline __init int *secret_address(void)
{
	int *p = &tgt_secret_nr;

	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static int __init relini_init(void)
{
	at_init = secret_address() ? 1 : 0;

	return klp_enable_patch(&patch);
}

static void __exit relini_exit(void)
{
}

module_init(relini_init);
module_exit(relini_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: a livepatch relocation in init code");
MODULE_LICENSE("GPL");
