// SPDX-License-Identifier: GPL-2.0
/* Replaces only what the other patch is asleep in. */
#define KLP_TEST_ID 9
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(tail_b),
	{ }
};

#include "klp_test_patch_init.h"
