// SPDX-License-Identifier: GPL-2.0
/* A function of vmlinux: /proc/cmdline reads "klp_test_p_cmdline". */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int klp_new_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, KBUILD_MODNAME "\n");
	return 0;
}

static struct klp_func klp_test_funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = klp_new_cmdline_proc_show,
	},
	{ }
};

static struct klp_object klp_test_objs[] = {
	{ .funcs = klp_test_funcs },
	{ }
};

static struct klp_patch klp_test_patch = {
	.mod = THIS_MODULE,
	.objs = klp_test_objs,
};

static int __init klp_test_p_cmdline_init(void)
{
	return klp_enable_patch(&klp_test_patch);
}

static void __exit klp_test_p_cmdline_exit(void)
{
}

module_init(klp_test_p_cmdline_init);
module_exit(klp_test_p_cmdline_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a patch for a function of vmlinux");
MODULE_INFO(livepatch, "Y");
