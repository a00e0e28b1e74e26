// SPDX-License-Identifier: GPL-2.0
/*
 * Calls klp_target_value() from an ftrace callback, inside a function that was
 * called from another callback: deeper than ftrace lets callbacks nest.  Every
 * function on the way has two users, so that ftrace's list of users is walked.
 * Reading "value" does that, and gives what came back; "walked" counts the
 * calls that the second user has seen on the way.
 */
#include <linux/ftrace.h>
#include <linux/module.h>

#include "klp_test_target.h"

static int klp_test_value;
static int walked;
module_param(walked, int, 0444);
MODULE_PARM_DESC(walked, "calls that the second user saw at the last reading of value");

static noinline __klp_noipa void klp_test_inner(void)
{
}

static noinline __klp_noipa void klp_test_outer(void)
{
}

static void notrace klp_test_on_inner(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *op,
				      struct ftrace_regs *fregs)
{
	klp_test_value = klp_target_value();
}

static void notrace klp_test_on_outer(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *op,
				      struct ftrace_regs *fregs)
{
	klp_test_inner();
}

static void notrace klp_test_on_any(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *op,
				    struct ftrace_regs *fregs)
{
	walked++;
}

static struct ftrace_ops klp_test_inner_ops = { .func = klp_test_on_inner };
static struct ftrace_ops klp_test_outer_ops = { .func = klp_test_on_outer };
static struct ftrace_ops klp_test_any_ops = { .func = klp_test_on_any };

static int klp_test_value_get(char *buffer, const struct kernel_param *kp)
{
	walked = 0;
	klp_test_outer();
	return sysfs_emit(buffer, "%d\n", klp_test_value);
}

static const struct kernel_param_ops klp_test_value_ops = {
	.get = klp_test_value_get,
};
module_param_cb(value, &klp_test_value_ops, NULL, 0444);
MODULE_PARM_DESC(value, "what klp_target_value() returns down there");

static int klp_test_attach(struct ftrace_ops *ops, void *func)
{
	return ftrace_set_filter_ip(ops, (unsigned long)func, 0, 0) ?:
	       register_ftrace_function(ops);
}

static void klp_test_detach(struct ftrace_ops *ops)
{
	unregister_ftrace_function(ops);
	ftrace_free_filter(ops);
}

static int __init klp_test_nested_init(void)
{
	int ret;

	ret = ftrace_set_filter_ip(&klp_test_any_ops,
				   (unsigned long)klp_test_inner, 0, 0) ?:
	      ftrace_set_filter_ip(&klp_test_any_ops,
				   (unsigned long)klp_test_outer, 0, 0) ?:
	      klp_test_attach(&klp_test_any_ops, klp_target_value);
	if (ret)
		goto err;
	ret = klp_test_attach(&klp_test_inner_ops, klp_test_inner);
	if (ret)
		goto err_any;
	ret = klp_test_attach(&klp_test_outer_ops, klp_test_outer);
	if (ret)
		goto err_inner;
	return 0;

err_inner:
	klp_test_detach(&klp_test_inner_ops);
err_any:
	unregister_ftrace_function(&klp_test_any_ops);
err:
	ftrace_free_filter(&klp_test_any_ops);
	return ret;
}

static void __exit klp_test_nested_exit(void)
{
	klp_test_detach(&klp_test_outer_ops);
	klp_test_detach(&klp_test_inner_ops);
	klp_test_detach(&klp_test_any_ops);
}

module_init(klp_test_nested_init);
module_exit(klp_test_nested_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a call from callbacks that nest too deep");
