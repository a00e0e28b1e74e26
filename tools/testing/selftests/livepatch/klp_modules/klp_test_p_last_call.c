// SPDX-License-Identifier: GPL-2.0
/* Old and new function end in a call that does not return. */
#define KLP_TEST_ID 12
#include "klp_test_last_call.h"
#include "klp_test_patch.h"

static noinline __klp_noipa int klp_new_last_call(unsigned int gate)
{
	klp_test_last_call(gate, klp_new_last_call_end);
}

static struct klp_func klp_test_funcs[] = {
	KLP_TEST_REPLACE(last_call),
	{ }
};

#include "klp_test_patch_init.h"
