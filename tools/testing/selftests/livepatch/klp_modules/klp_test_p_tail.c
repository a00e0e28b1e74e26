// SPDX-License-Identifier: GPL-2.0
/* The new tail_a ends in a tail call to the new tail_b. */
#define KLP_TEST_ID 8
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(tail_a),
	KLP_TEST_REPLACE(tail_b),
	{ }
};

#include "klp_test_patch_init.h"
