// SPDX-License-Identifier: GPL-2.0
/* The functions that are there all the time. */
#include <linux/kernel.h>
#include <linux/module.h>

#define KLP_TORTURE_ID 0
#include "klp_torture_func.h"

KLP_TORTURE_DEFINE(klp_torture_a, KLP_TORTURE_A)
KLP_TORTURE_DEFINE(klp_torture_b, KLP_TORTURE_B)
KLP_TORTURE_DEFINE(klp_torture_c, KLP_TORTURE_C)
KLP_TORTURE_DEFINE(klp_torture_d, KLP_TORTURE_D)

static klp_torture_fn klp_torture_own[KLP_TORTURE_FUNCS] = {
	[KLP_TORTURE_A] = klp_torture_a,
	[KLP_TORTURE_B] = klp_torture_b,
	[KLP_TORTURE_C] = klp_torture_c,
	[KLP_TORTURE_D] = klp_torture_d,
};

static int __init klp_torture_t0_init(void)
{
	klp_torture_come(NULL, klp_torture_own);
	return 0;
}

static void __exit klp_torture_t0_exit(void)
{
	klp_torture_go(klp_torture_own);
}

module_init(klp_torture_t0_init);
module_exit(klp_torture_t0_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: functions to be patched");
