// SPDX-License-Identifier: GPL-2.0
/*
 * A patch written as source that uses a variable which the kernel does not export.
 *
 * The variable is declared with the place where it is; klp link, a part of
 * tools/livepatch/klp, turns the references to it into livepatch relocations.  The
 * kernel fills them in while it loads the module.
 *
 * What to try, and what one sees:
 *
 *	# insmod livepatch-klp-reloc.ko
 *	insmod: ERROR: ... Invalid parameters		klp link has not seen it
 *	# klp link livepatch-klp-reloc.ko
 *	# insmod livepatch-klp-reloc.ko
 *	# cat /proc/cmdline
 *	...the kernel's command line... (live patched)
 *	# echo 0 > /sys/kernel/livepatch/livepatch_klp_reloc/enabled
 *	# rmmod livepatch_klp_reloc
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#ifdef __has_include
#if __has_include(<linux/livepatch_helpers.h>)
#include <linux/livepatch_helpers.h>
#endif
#endif

#ifndef KLP_RELOC	/* a kernel that does not bring it: what klp link reads is the name */
#define KLP_RELOC(object, symbol, position) \
	__asm__("\".klp.sym." #object "." #symbol "," #position "\"") __weak
#endif

/*
 * Object, symbol and position as in /proc/kallsyms: 0 for the only symbol of that name,
 * else 1 for the first.  Headers may declare the variable, so it gets a name of its own.
 */
extern char *kernel_command_line KLP_RELOC(vmlinux, saved_command_line, 0);

static int reloc_cmdline_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s (live patched)\n", kernel_command_line);
	return 0;
}

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = reloc_cmdline_show },
	{ }
};

static struct klp_object reloc_objects[] = {
	{ .funcs = vmlinux_funcs },
	{ }
};

static struct klp_patch reloc_patch = {
	.mod = THIS_MODULE,
	.objs = reloc_objects,
};

static int __init reloc_init(void)
{
	/* Without livepatch relocations, nobody has told where it is. */
	if (!&kernel_command_line)
		return -EINVAL;
	return klp_enable_patch(&reloc_patch);
}
module_init(reloc_init);

static void __exit reloc_exit(void)
{
}
module_exit(reloc_exit);

MODULE_DESCRIPTION("Live patch sample: use a symbol that is not exported");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
