// SPDX-License-Identifier: GPL-2.0
/*
 * The new tail_a ends in a tail call to what would replace a function of a module that
 * is not there.
 */
#define KLP_TEST_ID 7
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(tail_a),
	{ }
};

static struct klp_func klp_test_late_funcs[] = {
	KLP_TEST_REPLACE(tail_b),
	{ }
};

#define KLP_TEST_MORE_OBJECTS \
	{ .name = "klp_test_absent", .funcs = klp_test_late_funcs },

#include "klp_test_patch_init.h"
