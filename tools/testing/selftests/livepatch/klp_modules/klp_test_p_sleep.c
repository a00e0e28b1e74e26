// SPDX-License-Identifier: GPL-2.0
/* A function tasks sleep in, and one that shows a sleeper's side. */
#define KLP_TEST_ID 4
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(value),
	KLP_TEST_REPLACE(sleep),
	{ }
};

#include "klp_test_patch_init.h"
