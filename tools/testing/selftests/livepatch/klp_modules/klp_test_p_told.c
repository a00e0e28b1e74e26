// SPDX-License-Identifier: GPL-2.0
/* Tells what it replaces in its modinfo, as patches made by klp build do. */
#define KLP_TEST_ID 9
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(sleep),
	{ }
};

MODULE_INFO(klp_func, "klp_test_target:klp_target_sleep,0");
MODULE_INFO(klp_cve, "CVE-0000-0001");
MODULE_INFO(klp_cve, "CVE-0000-0002");

#include "klp_test_patch_init.h"
