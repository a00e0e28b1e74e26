// SPDX-License-Identifier: GPL-2.0
/* A module that has nothing to do with livepatching: how long does it take to load? */

#include <linux/module.h>

static int __init klp_bench_other_init(void)
{
	return 0;
}

static void __exit klp_bench_other_exit(void)
{
}

module_init(klp_bench_other_init);
module_exit(klp_bench_other_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch benchmark: an unrelated module");
