// SPDX-License-Identifier: GPL-2.0
/*
 * System states: who may come on top of whom.
 */
#include <kunit/test.h>
#include <linux/livepatch.h>

#include "../state.h"

#define NR	4

struct pair {
	const char *name;
	struct klp_state present[NR];
	struct klp_state next[NR];
	bool adds;		/* may it come, not replacing? */
	bool replaces;		/* and replacing? */
};

static const struct pair pairs[] = {
	{ "no states",		{ },			{ },			true, true },
	{ "a new state",	{ },			{ { 1, 1 } },		true, true },
	{ "two new states",	{ },			{ { 1, 1 }, { 2, 0 } },	true, true },
	{ "the same",		{ { 1, 1 } },		{ { 1, 1 } },		true, true },
	{ "newer version",	{ { 1, 1 } },		{ { 1, 2 } },		true, true },
	{ "older version",	{ { 1, 2 } },		{ { 1, 1 } },		false, false },
	{ "version 0",		{ { 1, 0 } },		{ { 1, 0 } },		true, true },
	{ "back to version 0",	{ { 1, 1 } },		{ { 1, 0 } },		false, false },
	{ "highest version",	{ { 1, UINT_MAX } },	{ { 1, UINT_MAX } },	true, true },
	{ "below the highest",	{ { 1, UINT_MAX } },	{ { 1, INT_MAX } },	false, false },
	{ "above the sign bit",	{ { 1, INT_MAX } },	{ { 1, UINT_MAX } },	true, true },
	{ "unknown",		{ { 1, 1 } },		{ },			true, false },
	{ "unknown, others new", { { 1, 1 } },		{ { 2, 9 } },		true, false },
	{ "second unknown",	{ { 1, 1 }, { 2, 1 } },	{ { 1, 1 } },		true, false },
	{ "first unknown",	{ { 1, 1 }, { 2, 1 } },	{ { 2, 1 } },		true, false },
	{ "second older",	{ { 1, 1 }, { 2, 2 } },	{ { 1, 1 }, { 2, 1 } },	false, false },
	{ "unknown and older",	{ { 1, 1 }, { 2, 2 } },	{ { 2, 1 } },		false, false },
	{ "another order",	{ { 1, 1 }, { 2, 2 } },	{ { 2, 2 }, { 1, 1 } },	true, true },
	{ "highest id",		{ { ULONG_MAX, 2 } },	{ { ULONG_MAX, 2 } },	true, true },
	{ "highest id, older",	{ { ULONG_MAX, 2 } },	{ { ULONG_MAX, 1 } },	false, false },
	{ "behind the end",	{ { 1, 1 }, { 0, 0 }, { 2, 2 } }, { { 1, 1 } },	true, true },
	{ "twice, the first counts", { { 1, 2 } }, { { 1, 2 }, { 1, 1 } },	true, true },
	{ "twice, the first is older", { { 1, 2 } }, { { 1, 1 }, { 1, 2 } },	false, false },
};

static void known_states_never_go_back(struct kunit *test)
{
	struct klp_patch present = {}, next = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		present.states = (struct klp_state *)pairs[i].present;
		next.states = (struct klp_state *)pairs[i].next;

		next.replace = false;
		KUNIT_EXPECT_EQ_MSG(test, klp_states_compatible(&next, &present), pairs[i].adds,
				    "%s, added", pairs[i].name);
		next.replace = true;
		KUNIT_EXPECT_EQ_MSG(test, klp_states_compatible(&next, &present),
				    pairs[i].replaces, "%s, replacing", pairs[i].name);

		/* It is the one that comes that matters */
		present.replace = !present.replace;
	}
}

static void a_patch_without_states_is_one_that_knows_none(struct kunit *test)
{
	struct klp_state state[] = { { .id = 1, .version = 1 }, {} };
	struct klp_patch none = {}, some = { .states = state };

	KUNIT_EXPECT_TRUE(test, klp_states_compatible(&none, &none));
	KUNIT_EXPECT_TRUE(test, klp_states_compatible(&some, &none));
	KUNIT_EXPECT_TRUE(test, klp_states_compatible(&none, &some));
	none.replace = true;
	KUNIT_EXPECT_TRUE(test, klp_states_compatible(&none, &none));
	KUNIT_EXPECT_FALSE(test, klp_states_compatible(&none, &some));
	KUNIT_EXPECT_NULL(test, klp_get_state(&none, 1));
	KUNIT_EXPECT_NULL(test, klp_get_state(&none, 0));
}

static void a_state_is_found_by_its_id(struct kunit *test)
{
	struct klp_state states[] = {
		{ .id = 7 }, { .id = ULONG_MAX }, { .id = 1 }, { .id = 7, .version = 2 },
		{ .id = 0 }, { .id = 5 }, {},
	};
	static const struct {
		unsigned long id;
		int at;			/* -1: not there */
	} finds[] = {
		{ 7, 0 }, { ULONG_MAX, 1 }, { 1, 2 },
		{ 2, -1 }, { 6, -1 }, { 8, -1 }, { 0x100000007UL, -1 }, { ULONG_MAX - 1, -1 },
		{ 5, -1 },		/* behind the end */
		{ 0, -1 },		/* the end itself */
	};
	struct klp_patch patch = { .states = states };
	int i;

	for (i = 0; i < ARRAY_SIZE(finds); i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, klp_get_state(&patch, finds[i].id),
					finds[i].at < 0 ? NULL : &states[finds[i].at],
					"id %lu", finds[i].id);
}

static void an_array_of_nothing_but_its_end_has_no_state(struct kunit *test)
{
	struct klp_state end[] = { { .id = 0, .version = 3, .data = test } };
	struct klp_patch patch = { .states = end };

	KUNIT_EXPECT_NULL(test, klp_get_state(&patch, 0));
	KUNIT_EXPECT_NULL(test, klp_get_state(&patch, 1));
}

/* ---------------------------------------------------------------------------- */

static struct kunit_case state_cases[] = {
	KUNIT_CASE(known_states_never_go_back),
	KUNIT_CASE(a_patch_without_states_is_one_that_knows_none),
	KUNIT_CASE(a_state_is_found_by_its_id),
	KUNIT_CASE(an_array_of_nothing_but_its_end_has_no_state),
	{}
};

static struct kunit_suite state_suite = {
	.name = "livepatch_state",
	.test_cases = state_cases,
};

kunit_test_suite(state_suite);
