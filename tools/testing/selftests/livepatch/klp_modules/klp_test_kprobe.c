// SPDX-License-Identifier: GPL-2.0
/* A kprobe or kretprobe at a symbol; module parameters choose. */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol = "klp_target_value";
module_param(symbol, charp, 0);
MODULE_PARM_DESC(symbol, "where to probe");

static bool post;
module_param(post, bool, 0);
MODULE_PARM_DESC(post, "with a post handler, so the probe may change the IP");

static bool ret;
module_param(ret, bool, 0);
MODULE_PARM_DESC(ret, "a return probe");

static int delay_ms;
module_param(delay_ms, int, 0);
MODULE_PARM_DESC(delay_ms, "how long those who come by wait there, without sleeping");

static int hits;
module_param(hits, int, 0444);
MODULE_PARM_DESC(hits, "how often it was hit");

static int klp_test_pre(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	mdelay(delay_ms);
	return 0;
}

static void klp_test_post(struct kprobe *p, struct pt_regs *regs,
			  unsigned long flags)
{
}

static int klp_test_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static struct kprobe klp_test_kp = {
	.pre_handler = klp_test_pre,
};

static struct kretprobe klp_test_rp = {
	.handler = klp_test_return,
	.maxactive = 16,
};

static int __init klp_test_kprobe_init(void)
{
	if (ret) {
		klp_test_rp.kp.symbol_name = symbol;
		return register_kretprobe(&klp_test_rp);
	}
	if (post)
		klp_test_kp.post_handler = klp_test_post;
	klp_test_kp.symbol_name = symbol;
	return register_kprobe(&klp_test_kp);
}

static void __exit klp_test_kprobe_exit(void)
{
	if (ret)
		unregister_kretprobe(&klp_test_rp);
	else
		unregister_kprobe(&klp_test_kp);
}

module_init(klp_test_kprobe_init);
module_exit(klp_test_kprobe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: a kprobe");
