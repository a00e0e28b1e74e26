// SPDX-License-Identifier: GPL-2.0
/* Old and new function send their CPU through the idle loop. */
#define KLP_TEST_ID 14
#include "klp_test_patch.h"

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(idle),
	{ }
};

#include "klp_test_patch_init.h"
