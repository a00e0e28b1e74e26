// SPDX-License-Identifier: GPL-2.0
/*
 * Sites: which code runs on which side.
 */
#include <kunit/test.h>
#include <linux/livepatch.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "../live.h"
#include "../site.h"

#define NONE		0
#define UNPATCHED	KLP_ON_UNPATCHED
#define PATCHED		KLP_ON_PATCHED
#define BOTH		KLP_ON_BOTH

/* Patches that changed the same function, oldest first, and what must run. */
struct stack {
	const char *name;
	struct {
		unsigned int sides;
		unsigned long func;
	} patch[4];
	unsigned long unpatched;
	unsigned long patched;
};

static struct klp_live_func *func_create(struct kunit *test, unsigned int sides,
					 unsigned long start)
{
	struct klp_live_object *obj;

	obj = kunit_kzalloc(test, struct_size(obj, funcs, 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	obj->patch = kunit_kzalloc(test, sizeof(*obj->patch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj->patch);

	obj->patch->sides = sides;
	obj->nr_funcs = 1;
	obj->funcs[0].object = obj;
	obj->funcs[0].new_code.start = start;
	return &obj->funcs[0];
}

static void expect_targets(struct kunit *test, const struct stack *stack)
{
	LIST_HEAD(funcs);
	int i;

	for (i = 0; i < ARRAY_SIZE(stack->patch) && stack->patch[i].func; i++)
		list_add(&func_create(test, stack->patch[i].sides, stack->patch[i].func)->node,
			 &funcs);

	KUNIT_EXPECT_EQ_MSG(test, klp_funcs_target(&funcs, KLP_TRANSITION_UNPATCHED),
			    stack->unpatched, "%s: unpatched side", stack->name);
	KUNIT_EXPECT_EQ_MSG(test, klp_funcs_target(&funcs, KLP_TRANSITION_PATCHED),
			    stack->patched, "%s: patched side", stack->name);
}

/* --- outside of a transition ------------------------------------------------ */

static const struct stack settled[] = {
	{ "nobody",		{ },				0, 0 },
	{ "one",		{ { BOTH, 0x10 } },		0x10, 0x10 },
	{ "two",		{ { BOTH, 0x10 }, { BOTH, 0x20 } }, 0x20, 0x20 },
	{ "addresses fall",	{ { BOTH, 0x20 }, { BOTH, 0x10 } }, 0x10, 0x10 },
	{ "three",		{ { BOTH, 0x10 }, { BOTH, 0x20 },
				  { BOTH, 0x30 } },		0x30, 0x30 },
	{ "the same function",	{ { BOTH, 0x10 }, { BOTH, 0x10 } }, 0x10, 0x10 },
	{ "any address",	{ { BOTH, ULONG_MAX } },	ULONG_MAX, ULONG_MAX },
};

static void newest_runs_on_both_sides_when_settled(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(settled); i++)
		expect_targets(test, &settled[i]);
}

/* --- in a transition -------------------------------------------------------- */

static const struct stack enabling[] = {
	{ "the first",	{ { PATCHED, 0x10 } },					0, 0x10 },
	{ "on one",	{ { BOTH, 0x10 }, { PATCHED, 0x20 } },			0x10, 0x20 },
	{ "on two",	{ { BOTH, 0x10 }, { BOTH, 0x20 }, { PATCHED, 0x30 } },	0x20, 0x30 },
};

static void new_patch_runs_on_the_patched_side_only(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(enabling); i++)
		expect_targets(test, &enabling[i]);
}

static const struct stack disabling[] = {
	{ "the only one",  { { PATCHED, 0x10 } },				  0, 0x10 },
	{ "oldest of two", { { PATCHED, 0x10 }, { BOTH, 0x20 } },		  0x20, 0x20 },
	{ "newest of two", { { BOTH, 0x10 }, { PATCHED, 0x20 } },		  0x10, 0x20 },
	{ "oldest of 3",   { { PATCHED, 0x10 }, { BOTH, 0x20 }, { BOTH, 0x30 } }, 0x30, 0x30 },
	{ "middle of 3",   { { BOTH, 0x10 }, { PATCHED, 0x20 }, { BOTH, 0x30 } }, 0x30, 0x30 },
	{ "newest of 3",   { { BOTH, 0x10 }, { BOTH, 0x20 }, { PATCHED, 0x30 } }, 0x20, 0x30 },
};

static void only_the_newest_patch_makes_the_sides_differ_when_it_goes(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(disabling); i++)
		expect_targets(test, &disabling[i]);
}

static const struct stack replacing[] = {
	{ "one, by one that has it",   { { UNPATCHED, 0x10 }, { PATCHED, 0x20 } },   0x10, 0x20 },
	{ "one, by one that has not",  { { UNPATCHED, 0x10 } },			     0x10, 0 },
	{ "two, by one that has it",   { { UNPATCHED, 0x10 }, { UNPATCHED, 0x20 },
					 { PATCHED, 0x30 } },			     0x20, 0x30 },
	{ "two, by one that has not",  { { UNPATCHED, 0x10 }, { UNPATCHED, 0x20 } }, 0x20, 0 },
	{ "none, by one that has it",  { { PATCHED, 0x30 } },			     0, 0x30 },
};

static void replaced_patches_run_on_the_unpatched_side_only(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(replacing); i++)
		expect_targets(test, &replacing[i]);
}

static const struct stack left[] = {
	{ "the only one",	{ { NONE, 0x10 } },			0, 0 },
	{ "the newest",		{ { BOTH, 0x10 }, { NONE, 0x20 } },	0x10, 0x10 },
	{ "the middle",		{ { BOTH, 0x10 }, { NONE, 0x20 },
				  { BOTH, 0x30 } },			0x30, 0x30 },
	{ "the two newest",	{ { BOTH, 0x10 }, { NONE, 0x20 },
				  { NONE, 0x30 } },			0x10, 0x10 },
	{ "all",		{ { NONE, 0x10 }, { NONE, 0x20 } },	0, 0 },
	{ "under a new one",	{ { BOTH, 0x10 }, { NONE, 0x20 },
				  { PATCHED, 0x30 } },			0x10, 0x30 },
};

static void left_patches_run_nowhere(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(left); i++)
		expect_targets(test, &left[i]);
}

static void patches_may_go_in_any_order(struct kunit *test)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct stack stack = { "going" };
	unsigned long newest;
	int i, gone, k;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		for (k = 0; k < 3; k++) {
			stack.patch[k].sides = BOTH;
			stack.patch[k].func = 0x10 * (k + 1);
		}
		for (gone = 0; gone < 3; gone++) {
			stack.patch[orders[i][gone]].sides = NONE;
			for (k = 0, newest = 0; k < 3; k++)
				if (stack.patch[k].sides)
					newest = stack.patch[k].func;
			stack.unpatched = newest;
			stack.patched = newest;
			expect_targets(test, &stack);
		}
	}
}

/* --- aliases ---------------------------------------------------------------- */

/* Two names of one function in one patch: both have their places on its site. */
static void last_of_two_aliases_in_a_patch_runs(struct kunit *test)
{
	struct klp_live_func *first = func_create(test, PATCHED, 0x10);
	struct klp_live_func *second = func_create(test, NONE, 0x20);
	LIST_HEAD(funcs);

	second->object = first->object;
	list_add(&first->node, &funcs);
	list_add(&second->node, &funcs);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&funcs, KLP_TRANSITION_PATCHED), 0x20);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&funcs, KLP_TRANSITION_UNPATCHED), 0);

	list_del(&second->node);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&funcs, KLP_TRANSITION_PATCHED), 0x10);
}

/* The side is that of the patch, whichever of its objects has the function. */
static void objects_of_a_patch_change_sides_together(struct kunit *test)
{
	struct klp_live_func *one = func_create(test, BOTH, 0x10);
	struct klp_live_func *other = func_create(test, NONE, 0x20);
	LIST_HEAD(one_site);
	LIST_HEAD(other_site);

	other->object->patch = one->object->patch;
	list_add(&one->node, &one_site);
	list_add(&other->node, &other_site);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&one_site, KLP_TRANSITION_UNPATCHED), 0x10);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&other_site, KLP_TRANSITION_UNPATCHED), 0x20);

	one->object->patch->sides = PATCHED;
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&one_site, KLP_TRANSITION_UNPATCHED), 0);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&other_site, KLP_TRANSITION_UNPATCHED), 0);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&one_site, KLP_TRANSITION_PATCHED), 0x10);
	KUNIT_EXPECT_EQ(test, klp_funcs_target(&other_site, KLP_TRANSITION_PATCHED), 0x20);
}

/* ---------------------------------------------------------------------------- */

static struct kunit_case site_cases[] = {
	KUNIT_CASE(newest_runs_on_both_sides_when_settled),
	KUNIT_CASE(new_patch_runs_on_the_patched_side_only),
	KUNIT_CASE(only_the_newest_patch_makes_the_sides_differ_when_it_goes),
	KUNIT_CASE(replaced_patches_run_on_the_unpatched_side_only),
	KUNIT_CASE(left_patches_run_nowhere),
	KUNIT_CASE(patches_may_go_in_any_order),
	KUNIT_CASE(last_of_two_aliases_in_a_patch_runs),
	KUNIT_CASE(objects_of_a_patch_change_sides_together),
	{}
};

static struct kunit_suite site_suite = {
	.name = "livepatch_site",
	.test_cases = site_cases,
};

kunit_test_suite(site_suite);
