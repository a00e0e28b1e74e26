/* SPDX-License-Identifier: GPL-2.0 */
/*
 * New versions of the functions of klp_test_target.  A patch module defines
 * KLP_TEST_ID, the number that its versions return, includes this file, lists
 * what it replaces, and includes klp_test_patch_init.h:
 *
 *	static struct klp_func klp_test_funcs[] = {
 *		KLP_TEST_REPLACE(value),
 *		{ }
 *	};
 */
#ifndef KLP_TEST_PATCH_H
#define KLP_TEST_PATCH_H

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#include "klp_test_target.h"

static noinline __klp_noipa __maybe_unused
int klp_new_value(void)
{
	return KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_sleep(unsigned int gate)
{
	return klp_test_wait(gate) ?: KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_caller(unsigned int gate)
{
	return klp_test_wait(gate) ?: 10 * klp_target_value() + KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_deep(unsigned int gate, unsigned int depth)
{
	return klp_test_wait(gate) ?: KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_tail_b(unsigned int gate)
{
	return klp_test_wait(gate) ?: KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_idle(unsigned int gate)
{
	return klp_test_idle(gate) ?: KLP_TEST_ID;
}

/* A tail call: while b sleeps nothing on the stack tells of a. */
static noinline __klp_noipa __maybe_unused
int klp_new_tail_a(unsigned int gate)
{
	return klp_new_tail_b(gate);
}

static noinline __klp_noipa __maybe_unused
int klp_new_alias_a(void)
{
	return KLP_TEST_ID;
}

static noinline __klp_noipa __maybe_unused
int klp_new_alias_b(void)
{
	return KLP_TEST_ID + 1;
}

static noinline __klp_noipa __maybe_unused
int klp_new_cold(unsigned int gate)
{
	int ret = KLP_TEST_ID;

	if (gate < KLP_TEST_GATES) {
		ret = klp_test_wait_cold(gate) ?: KLP_TEST_ID;
		barrier();
	}
	return ret;
}

#define KLP_TEST_REPLACE(what)						\
	{								\
		.old_name = "klp_target_" #what,			\
		.new_func = klp_new_##what,				\
	}

#endif
