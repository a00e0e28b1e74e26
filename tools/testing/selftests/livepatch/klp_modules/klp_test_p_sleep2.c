// SPDX-License-Identifier: GPL-2.0
/* A second version of both. */
#define KLP_TEST_ID 5
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(value),
	KLP_TEST_REPLACE(sleep),
	{ }
};

#include "klp_test_patch_init.h"
