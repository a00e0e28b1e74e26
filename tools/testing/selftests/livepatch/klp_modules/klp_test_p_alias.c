// SPDX-License-Identifier: GPL-2.0
/* Two names of one function, and one to hold the transition. */
#define KLP_TEST_ID 10
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(alias_a),
	KLP_TEST_REPLACE(alias_b),
	KLP_TEST_REPLACE(sleep),
	{ }
};

#include "klp_test_patch_init.h"
