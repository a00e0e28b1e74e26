// SPDX-License-Identifier: GPL-2.0
/*
 * A module to be patched: fifty functions that return their own number, and
 * parameters that call them.
 *
 * The scripts make copies under other names (klp_test_tgt_01, ...) by editing
 * the name in the object file, so nothing here is exported.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sysfs.h>

static int base;
module_param(base, int, 0644);
MODULE_PARM_DESC(base, "added to what the original functions return");

static int fail_init;
module_param(fail_init, int, 0444);
MODULE_PARM_DESC(fail_init, "what module init returns");

#define TGT_FN(nr)						\
	static noinline int tgt_fn_##nr(void)			\
	{							\
		return READ_ONCE(base) + 1##nr - 100;		\
	}

TGT_FN(00) TGT_FN(01) TGT_FN(02) TGT_FN(03) TGT_FN(04)
TGT_FN(05) TGT_FN(06) TGT_FN(07) TGT_FN(08) TGT_FN(09)
TGT_FN(10) TGT_FN(11) TGT_FN(12) TGT_FN(13) TGT_FN(14)
TGT_FN(15) TGT_FN(16) TGT_FN(17) TGT_FN(18) TGT_FN(19)
TGT_FN(20) TGT_FN(21) TGT_FN(22) TGT_FN(23) TGT_FN(24)
TGT_FN(25) TGT_FN(26) TGT_FN(27) TGT_FN(28) TGT_FN(29)
TGT_FN(30) TGT_FN(31) TGT_FN(32) TGT_FN(33) TGT_FN(34)
TGT_FN(35) TGT_FN(36) TGT_FN(37) TGT_FN(38) TGT_FN(39)
TGT_FN(40) TGT_FN(41) TGT_FN(42) TGT_FN(43) TGT_FN(44)
TGT_FN(45) TGT_FN(46) TGT_FN(47) TGT_FN(48) TGT_FN(49)

static int (* const tgt_fns[])(void) = {
	tgt_fn_00, tgt_fn_01, tgt_fn_02, tgt_fn_03, tgt_fn_04,
	tgt_fn_05, tgt_fn_06, tgt_fn_07, tgt_fn_08, tgt_fn_09,
	tgt_fn_10, tgt_fn_11, tgt_fn_12, tgt_fn_13, tgt_fn_14,
	tgt_fn_15, tgt_fn_16, tgt_fn_17, tgt_fn_18, tgt_fn_19,
	tgt_fn_20, tgt_fn_21, tgt_fn_22, tgt_fn_23, tgt_fn_24,
	tgt_fn_25, tgt_fn_26, tgt_fn_27, tgt_fn_28, tgt_fn_29,
	tgt_fn_30, tgt_fn_31, tgt_fn_32, tgt_fn_33, tgt_fn_34,
	tgt_fn_35, tgt_fn_36, tgt_fn_37, tgt_fn_38, tgt_fn_39,
	tgt_fn_40, tgt_fn_41, tgt_fn_42, tgt_fn_43, tgt_fn_44,
	tgt_fn_45, tgt_fn_46, tgt_fn_47, tgt_fn_48, tgt_fn_49,
};

/* The scripts turn the second name into the first: an ambiguous symbol. */
static noinline int tgt_dup_1(void)
{
	return READ_ONCE(base) + 201;
}

static noinline int tgt_dup_2(void)
{
	return READ_ONCE(base) + 202;
}

static noinline notrace int tgt_untraced(void)
{
	return READ_ONCE(base) + 300;
}

/* For livepatch relocations: not exported, and called by nobody here. */
static noinline __used int tgt_secret_fn(int add)
{
	return READ_ONCE(base) + 4200 + add;
}

static int tgt_secret_nr = 77;
module_param_named(secret_nr, tgt_secret_nr, int, 0644);

/* The scripts call both the same: one symbol more while the module comes. */
static noinline int tgt_live_only(void)
{
	return READ_ONCE(base) + 401;
}

/* A symbol that is not in the module's memory */
static DEFINE_PER_CPU(int, tgt_percpu) __used;

static noinline __init int tgt_init_only(void)
{
	return READ_ONCE(base) + 400;
}

static int at_init = -1;
module_param(at_init, int, 0444);
MODULE_PARM_DESC(at_init, "what the first function returned to module init");

static int values_get(char *buf, const struct kernel_param *kp)
{
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(tgt_fns); i++)
		len += sysfs_emit_at(buf, len, "%d ", tgt_fns[i]());

	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops values_ops = { .get = values_get };
module_param_cb(values, &values_ops, NULL, 0444);

static int value_get(char *buf, const struct kernel_param *kp)
{
	int (*fn)(void) = kp->arg;

	return sysfs_emit(buf, "%d\n", fn());
}

static const struct kernel_param_ops value_ops = { .get = value_get };
module_param_cb(value, &value_ops, tgt_fn_00, 0444);
module_param_cb(value_1, &value_ops, tgt_fn_01, 0444);
module_param_cb(value_2, &value_ops, tgt_fn_02, 0444);
module_param_cb(dup_1, &value_ops, tgt_dup_1, 0444);
module_param_cb(dup_2, &value_ops, tgt_dup_2, 0444);
module_param_cb(live_only, &value_ops, tgt_live_only, 0444);
module_param_cb(untraced, &value_ops, tgt_untraced, 0444);

static int __init tgt_init(void)
{
	at_init = tgt_fns[0]();
	if (tgt_init_only() < 0)
		return -ERANGE;

	return fail_init;
}

static void __exit tgt_exit(void)
{
	pr_info("%s: exit got %d\n", THIS_MODULE->name, tgt_fns[0]());
}

module_init(tgt_init);
module_exit(tgt_exit);
MODULE_DESCRIPTION("Livepatch test: a module to be patched");
MODULE_LICENSE("GPL");
