/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enables klp_test_funcs[], which must be defined before, on klp_test_target; and
 * KLP_TEST_MORE_OBJECTS, if that is.
 */
#ifndef KLP_TEST_PATCH_INIT_H
#define KLP_TEST_PATCH_INIT_H

#ifndef KLP_TEST_MORE_OBJECTS
#define KLP_TEST_MORE_OBJECTS
#endif

static struct klp_object klp_test_objs[] = {
	{
		.name = "klp_test_target",
		.funcs = klp_test_funcs,
	},
	KLP_TEST_MORE_OBJECTS
	{ }
};

static struct klp_patch klp_test_patch = {
	.mod = THIS_MODULE,
	.objs = klp_test_objs,
};

static bool replace;
module_param(replace, bool, 0);
MODULE_PARM_DESC(replace, "atomic replace");

static int __init klp_test_patch_init(void)
{
	klp_test_patch.replace = replace;
	return klp_enable_patch(&klp_test_patch);
}

static void __exit klp_test_patch_exit(void)
{
}

module_init(klp_test_patch_init);
module_exit(klp_test_patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a patch for klp_test_target");
MODULE_INFO(livepatch, "Y");

#endif
