// SPDX-License-Identifier: GPL-2.0
/*
 * Occupies one function the way only one user at a time may: with an
 * ftrace_ops that is allowed to change the instruction pointer.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static char *func = "";
module_param(func, charp, 0444);
MODULE_PARM_DESC(func, "function to occupy");

static void notrace occupy(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *op, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops occupy_ops = {
	.func	= occupy,
	.flags	= FTRACE_OPS_FL_IPMODIFY |
		  (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ?
		   0 : FTRACE_OPS_FL_SAVE_REGS),
};

static int __init ipmodify_init(void)
{
	int ret;

	ret = ftrace_set_filter(&occupy_ops, func, strlen(func), 1);
	if (ret)
		return ret;

	ret = register_ftrace_function(&occupy_ops);
	if (ret)
		ftrace_free_filter(&occupy_ops);

	return ret;
}

static void __exit ipmodify_exit(void)
{
	unregister_ftrace_function(&occupy_ops);
	ftrace_free_filter(&occupy_ops);
}

module_init(ipmodify_init);
module_exit(ipmodify_exit);
MODULE_DESCRIPTION("Livepatch test: occupies a function with IPMODIFY");
MODULE_LICENSE("GPL");
