// SPDX-License-Identifier: GPL-2.0
/* A function that sleeps and then calls a patched one. */
#define KLP_TEST_ID 6
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(caller),
	KLP_TEST_REPLACE(value),
	{ }
};

#include "klp_test_patch_init.h"
