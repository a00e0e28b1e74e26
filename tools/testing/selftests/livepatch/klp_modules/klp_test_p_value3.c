// SPDX-License-Identifier: GPL-2.0
/* A third version of the same function. */
#define KLP_TEST_ID 3
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(value),
	{ }
};

#include "klp_test_patch_init.h"
