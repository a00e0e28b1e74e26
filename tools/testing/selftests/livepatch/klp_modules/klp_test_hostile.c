// SPDX-License-Identifier: GPL-2.0
/*
 * The good patch that klp-hostile makes bad ones of.
 *
 * What it may garble stands in sections of its own, and nothing of them is ever run
 * or followed by the patch itself: a module that has been garbled and loads all the
 * same does no harm.
 *
 *	.text.hostile		code with livepatch relocations, never run
 *	.data.hostile		pointers with livepatch relocations, never followed
 *	.init.data.hostile	the same, gone when the patch is there
 *	.data.sums		what the table of checksums points to
 *	.klp.verify.1		the table, right as it is here
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include <crypto/sha2.h>

#include "klp_test_reloc.h"
#include "klp_test_verify.h"

/* ---- livepatch relocations ---- */

static noinline notrace __used __section(".text.hostile")
int hostile_code(void)
{
	return vmlinux_task_curr(current) + *vmlinux_saved_command_line +
	       tgt_secret_fn(3) + READ_ONCE(tgt_secret_nr);
}

static void *hostile_data[8] __used __section(".data.hostile") = {
	[0] = &vmlinux_saved_command_line,
	[2] = vmlinux_task_curr,
	[4] = &tgt_secret_nr,
	[6] = tgt_secret_fn,
};

static void *hostile_init_data[8] __used __section(".init.data.hostile") = {
	[0] = &vmlinux_saved_command_line,
	[4] = &tgt_secret_nr,
};

/* Tells whether the relocations of the target are applied, without following them. */
static int applied_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(hostile_data[4]) ||
				       READ_ONCE(hostile_data[6]));
}

static const struct kernel_param_ops applied_ops = { .get = applied_get };
module_param_cb(applied, &applied_ops, NULL, 0444);
MODULE_PARM_DESC(applied, "1 while a relocation of the target is applied in data");

/* ---- the patch ---- */

static int new_value(void)
{
	return 5000;
}

static int new_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", THIS_MODULE->name);
	return 0;
}

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = new_show },
	{ }
};

static struct klp_func tgt_funcs[] = {
	{ .old_name = "tgt_fn_00", .new_func = new_value },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs },
	{ .name = "klp_test_tgt_00", .funcs = tgt_funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

/* ---- checksums ---- */

/* All of what counts is masked, so it is eight zeroes, whatever the function is. */
#define ZEROES	8
#define SUM_OF_ZEROES {							\
	0xaf, 0x55, 0x70, 0xf5, 0xa1, 0x81, 0x0b, 0x7a,			\
	0xf7, 0x8c, 0xaf, 0x4b, 0xc7, 0x0a, 0x66, 0x0f,			\
	0x0d, 0xf5, 0x1e, 0x42, 0xba, 0xf9, 0x1d, 0x4d,			\
	0xe5, 0xb2, 0x32, 0x8d, 0xe0, 0xe8, 0x3d, 0xfc }

static char vmlinux_name[] __used __section(".data.sums") = "cmdline_proc_show";
static char tgt_name[] __used __section(".data.sums") = "tgt_fn_00";
static char tgt_object[] __used __section(".data.sums") = "klp_test_tgt_00";

static struct verify_mask sum_masks[2] __used __section(".data.sums") = {
	{ 0, 5 }, { 5, ZEROES - 5 },
};

static struct verify_func vmlinux_sum __used __section(".data.sums") = {
	.name = vmlinux_name, .pos = 1, .masks = sum_masks,
	.nr_masks = ARRAY_SIZE(sum_masks), .size = ZEROES, .sum = SUM_OF_ZEROES,
};

static struct verify_func tgt_sum __used __section(".data.sums") = {
	.name = tgt_name, .pos = 0, .masks = sum_masks,
	.nr_masks = ARRAY_SIZE(sum_masks), .size = ZEROES, .sum = SUM_OF_ZEROES,
};

static struct verify_object table[] __aligned(8) __used __section(".klp.verify.1") = {
	{ .nr_funcs = 1, .funcs = &vmlinux_sum },
	{ .name = tgt_object, .nr_funcs = 1, .funcs = &tgt_sum },
};

static int __init hostile_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit hostile_exit(void)
{
}

module_init(hostile_init);
module_exit(hostile_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: what hostile modules are made of");
MODULE_LICENSE("GPL");
