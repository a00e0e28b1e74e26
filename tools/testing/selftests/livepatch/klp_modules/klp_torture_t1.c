// SPDX-License-Identifier: GPL-2.0
/* The functions of a module that comes and goes. */
#include <linux/kernel.h>
#include <linux/module.h>

#define KLP_TORTURE_ID 0
#include "klp_torture_func.h"

KLP_TORTURE_DEFINE(klp_torture_e, KLP_TORTURE_E)
KLP_TORTURE_DEFINE(klp_torture_f, KLP_TORTURE_F)

static klp_torture_fn klp_torture_own[KLP_TORTURE_FUNCS] = {
	[KLP_TORTURE_E] = klp_torture_e,
	[KLP_TORTURE_F] = klp_torture_f,
};

static int __init klp_torture_t1_init(void)
{
	klp_torture_come(THIS_MODULE, klp_torture_own);
	return 0;
}

static void __exit klp_torture_t1_exit(void)
{
	klp_torture_go(klp_torture_own);
}

module_init(klp_torture_t1_init);
module_exit(klp_torture_t1_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: a module that comes and goes");
