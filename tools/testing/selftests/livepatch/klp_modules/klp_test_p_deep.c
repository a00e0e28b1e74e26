// SPDX-License-Identifier: GPL-2.0
/* A recursive function with many frames. */
#define KLP_TEST_ID 7
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(deep),
	{ }
};

#include "klp_test_patch_init.h"
