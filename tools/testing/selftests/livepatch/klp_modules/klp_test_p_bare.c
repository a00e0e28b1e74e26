// SPDX-License-Identifier: GPL-2.0
/* Like klp_test_p_sleep, and nothing before the new functions: see the Makefile. */
#define KLP_TEST_ID 14
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(sleep),
	{ }
};

#include "klp_test_patch_init.h"
