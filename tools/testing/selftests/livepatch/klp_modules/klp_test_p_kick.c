// SPDX-License-Identifier: GPL-2.0
/* Replaces the functions of klp_test_kick that tasks stay in: these return. */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

static int ran;
module_param(ran, int, 0444);
MODULE_PARM_DESC(ran, "how often the new code ran");

static int klp_new_kick(void)
{
	ran++;
	return 1;
}

#define KLP_KICK_REPLACE(what)				\
	{						\
		.old_name = "klp_kick_" #what,		\
		.new_func = klp_new_kick,		\
	}

static struct klp_func klp_test_funcs[] = {
	KLP_KICK_REPLACE(nap),
	KLP_KICK_REPLACE(deaf),
	KLP_KICK_REPLACE(spin),
	{ }
};

static struct klp_object klp_test_objs[] = {
	{
		.name = "klp_test_kick",
		.funcs = klp_test_funcs,
	},
	{ }
};

static struct klp_patch klp_test_patch = {
	.mod = THIS_MODULE,
	.objs = klp_test_objs,
};

static int __init klp_test_p_kick_init(void)
{
	return klp_enable_patch(&klp_test_patch);
}

static void __exit klp_test_p_kick_exit(void)
{
}

module_init(klp_test_p_kick_init);
module_exit(klp_test_p_kick_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a patch for klp_test_kick");
MODULE_INFO(livepatch, "Y");
