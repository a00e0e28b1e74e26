// SPDX-License-Identifier: GPL-2.0
/*
 * Makes ftrace believe that it has died of an anomaly, and come to life again,
 * which nothing else can: writes its variable.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static int *klp_test_disabled;

static int klp_test_dead_set(const char *val, const struct kernel_param *kp)
{
	bool dead;
	int ret = kstrtobool(val, &dead);

	if (!ret && klp_test_disabled)
		WRITE_ONCE(*klp_test_disabled, dead);
	return ret;
}

static int klp_test_dead_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(*klp_test_disabled));
}

static const struct kernel_param_ops klp_test_dead_ops = {
	.set = klp_test_dead_set,
	.get = klp_test_dead_get,
};
module_param_cb(dead, &klp_test_dead_ops, NULL, 0644);
MODULE_PARM_DESC(dead, "ftrace seems to be dead");

/* Not exported; a probe is told the address. */
static unsigned long (*klp_test_lookup)(const char *name);

static int __init klp_test_dead_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret;

	ret = register_kprobe(&kp);
	if (ret)
		return ret;
	klp_test_lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	klp_test_disabled = (int *)klp_test_lookup("ftrace_disabled");
	return klp_test_disabled ? 0 : -ENOENT;
}

static void __exit klp_test_dead_exit(void)
{
	WRITE_ONCE(*klp_test_disabled, 0);
}

module_init(klp_test_dead_init);
module_exit(klp_test_dead_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: ftrace seems to be dead");
