// SPDX-License-Identifier: GPL-2.0
/*
 * One object with any number of shadow variables: writing a number to "ids" gives it
 * that many, and "get_ns" then tells what finding one of them takes.
 */
#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#define GETS	64	/* in a row, of ids from the first to the last */
#define ROUNDS	25	/* of which the fastest counts */

static char object;
static unsigned int ids;

static void free_ids(void)
{
	while (ids) {
		klp_shadow_free(&object, --ids, NULL);
		cond_resched();
	}
}

static int ids_set(const char *text, const struct kernel_param *kp)
{
	unsigned int want;
	int ret = kstrtouint(text, 0, &want);

	if (ret)
		return ret;
	free_ids();
	for (; ids < want; ids++) {
		if (!klp_shadow_alloc(&object, ids, sizeof(long), GFP_KERNEL, NULL, NULL))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static const struct kernel_param_ops ids_ops = {
	.set = ids_set,
	.get = param_get_uint,
};
module_param_cb(ids, &ids_ops, &ids, 0644);
MODULE_PARM_DESC(ids, "how many variables the object has");

static u64 time_gets(void)
{
	u64 begin = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < GETS; i++)
		if (!klp_shadow_get(&object, i * ids / GETS))
			return 0;
	return ktime_get_ns() - begin;
}

static int get_ns_get(char *buf, const struct kernel_param *kp)
{
	u64 best = U64_MAX;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		best = min(best, time_gets());
		cond_resched();
	}
	return sysfs_emit(buf, "%llu\n", div_u64(best, GETS));
}

static const struct kernel_param_ops get_ns_ops = { .get = get_ns_get };
module_param_cb(get_ns, &get_ns_ops, NULL, 0444);
MODULE_PARM_DESC(get_ns, "nanoseconds for one klp_shadow_get()");

static int __init ids_init(void)
{
	return 0;
}

static void __exit ids_exit(void)
{
	free_ids();
}

module_init(ids_init);
module_exit(ids_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: many shadow variables of one object");
