// SPDX-License-Identifier: GPL-2.0
/*
 * A direct caller at klp_target_value(): its entry calls a trampoline of this
 * module's.  With "share" it says that it can live with an ops that redirects the
 * function, as BPF's trampolines do.
 */
#include <linux/ftrace.h>
#include <linux/module.h>

#include "klp_test_target.h"

static bool share;
module_param(share, bool, 0444);
MODULE_PARM_DESC(share, "can be attached beside a redirection");

static int busy;
module_param(busy, int, 0644);
MODULE_PARM_DESC(busy, "how often it still says that it cannot at the moment");

static int hits;
module_param(hits, int, 0444);
MODULE_PARM_DESC(hits, "how often it was called");

#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)

#include <asm/ibt.h>
#include <asm/nospec-branch.h>

void klp_test_tramp(void);

static void __used klp_test_hit(void)
{
	WRITE_ONCE(hits, hits + 1);
}

/* Returns to wherever the call was going to go on, a redirection included. */
asm("	.pushsection	.text, \"ax\", @progbits\n"
"	.type		klp_test_tramp, @function\n"
"	.globl		klp_test_tramp\n"
"klp_test_tramp:\n"
	ASM_ENDBR
"	pushq	%rbp\n"
"	movq	%rsp, %rbp\n"
	CALL_DEPTH_ACCOUNT
"	call	klp_test_hit\n"
"	leave\n"
	ASM_RET
"	.size		klp_test_tramp, .-klp_test_tramp\n"
"	.popsection\n"
);

static int klp_test_share(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	if (busy <= 0)
		return 0;
	busy--;
	return -EAGAIN;
}

static struct ftrace_ops klp_test_ops;

static int __init klp_test_direct_init(void)
{
	int ret;

	if (share)
		klp_test_ops.ops_func = klp_test_share;
	ret = ftrace_set_filter_ip(&klp_test_ops,
				   (unsigned long)klp_target_value, 0, 0);
	if (ret)
		return ret;
	ret = register_ftrace_direct(&klp_test_ops,
				     (unsigned long)klp_test_tramp);
	if (ret)
		ftrace_free_filter(&klp_test_ops);
	return ret;
}

static void __exit klp_test_direct_exit(void)
{
	unregister_ftrace_direct(&klp_test_ops, (unsigned long)klp_test_tramp,
				 true);
}

#else

static int __init klp_test_direct_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit klp_test_direct_exit(void)
{
}

#endif

module_init(klp_test_direct_init);
module_exit(klp_test_direct_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a direct caller");
