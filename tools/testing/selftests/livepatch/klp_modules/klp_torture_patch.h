/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A patch.  Which functions it replaces, and whether it replaces all other patches,
 * is said when it is loaded.  KLP_TORTURE_ID is the number of its versions.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "klp_torture_func.h"

static KLP_TORTURE_DEFINE(klp_new_a, KLP_TORTURE_A)
static KLP_TORTURE_DEFINE(klp_new_b, KLP_TORTURE_B)
static KLP_TORTURE_DEFINE(klp_new_c, KLP_TORTURE_C)
static KLP_TORTURE_DEFINE(klp_new_d, KLP_TORTURE_D)
static KLP_TORTURE_DEFINE(klp_new_e, KLP_TORTURE_E)
static KLP_TORTURE_DEFINE(klp_new_f, KLP_TORTURE_F)
static KLP_TORTURE_DEFINE(klp_new_exit, KLP_TORTURE_EXIT)

static const klp_torture_fn klp_torture_new[KLP_TORTURE_FUNCS] = {
	[KLP_TORTURE_A] = klp_new_a,
	[KLP_TORTURE_B] = klp_new_b,
	[KLP_TORTURE_C] = klp_new_c,
	[KLP_TORTURE_D] = klp_new_d,
	[KLP_TORTURE_E] = klp_new_e,
	[KLP_TORTURE_F] = klp_new_f,
};

/*
 * Exiting tasks come here when they are on no list any more.  The original gives
 * memory accounting back; a test machine can do without.
 */
static noinline __klp_noipa void
klp_new_exit_task_stack_account(struct task_struct *tsk)
{
	struct klp_torture_call call = {
		.flags = KLP_TORTURE_EXITING,
		.left = 2,
	};

	if (tsk != current || !str_has_prefix(tsk->comm, "klp-crowd"))
		return;
	if (!strcmp(tsk->comm, "klp-crowd-hold"))
		call.flags |= KLP_TORTURE_HOLD;
	call.random = klp_torture_seed();
	klp_new_exit(&call);
	barrier();	/* its frame is a subject, too */
}

static unsigned int funcs;
module_param(funcs, uint, 0);
MODULE_PARM_DESC(funcs, "a bit for each function to replace");

static bool replace;
module_param(replace, bool, 0);
MODULE_PARM_DESC(replace, "atomic replace");

static const char * const klp_torture_name[KLP_TORTURE_FUNCS] = {
	"klp_torture_a", "klp_torture_b", "klp_torture_c", "klp_torture_d",
	"klp_torture_e", "klp_torture_f", "exit_task_stack_account",
};

static struct klp_func klp_torture_funcs[3][KLP_TORTURE_FUNCS];
static struct klp_object klp_torture_objs[4];

static struct klp_patch klp_torture_patch = {
	.mod = THIS_MODULE,
	.objs = klp_torture_objs,
};

static int klp_torture_object(int nr, const char *name, int first, int end)
{
	struct klp_func *func = klp_torture_funcs[nr];
	int i;

	for (i = first; i < end; i++) {
		if (!(funcs & BIT(i)))
			continue;
		func->old_name = klp_torture_name[i];
		func++->new_func = i == KLP_TORTURE_EXIT ?
				   (void *)klp_new_exit_task_stack_account :
				   (void *)klp_torture_new[i];
		/* What is not declared must not be jumped to: nobody would know */
		klp_torture_own[i] = klp_torture_new[i];
	}
	if (func == klp_torture_funcs[nr])
		return nr;
	klp_torture_objs[nr].name = name;
	klp_torture_objs[nr].funcs = klp_torture_funcs[nr];
	return nr + 1;
}

static int __init klp_torture_patch_init(void)
{
	int nr = 0;

	nr = klp_torture_object(nr, "klp_torture_t0", KLP_TORTURE_A, KLP_TORTURE_E);
	nr = klp_torture_object(nr, "klp_torture_t1", KLP_TORTURE_E, KLP_TORTURE_EXIT);
	klp_torture_object(nr, NULL, KLP_TORTURE_EXIT, KLP_TORTURE_FUNCS);
	klp_torture_patch.replace = replace;
	return klp_enable_patch(&klp_torture_patch);
}

static void __exit klp_torture_patch_exit(void)
{
	klp_torture_bury(KLP_TORTURE_ID);
}

module_init(klp_torture_patch_init);
module_exit(klp_torture_patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: a patch");
MODULE_INFO(livepatch, "Y");
