// SPDX-License-Identifier: GPL-2.0
/* Old and new function sleep in their .cold part. */
#define KLP_TEST_ID 13
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(cold),
	{ }
};

#include "klp_test_patch_init.h"
