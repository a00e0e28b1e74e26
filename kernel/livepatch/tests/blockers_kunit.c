// SPDX-License-Identifier: GPL-2.0
/*
 * Reports: a page of lines, and how many more there were.
 */
#include <kunit/test.h>

#include "../blockers.h"

#define LINE	"sixteen letters\n"

static struct klp_report *report_new(struct kunit *test)
{
	struct klp_report *report = kunit_kzalloc(test, sizeof(*report), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, report);
	report->buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, report->buf);
	return report;
}

static void write_lines(struct klp_report *report, int nr)
{
	while (nr--)
		klp_report_line(report, "%s", LINE);
}

static void lines_that_do_not_fit_are_counted(struct kunit *test)
{
	struct klp_report *report = report_new(test);
	int fit = PAGE_SIZE / strlen(LINE);
	int full;

	write_lines(report, fit + 5);
	full = report->len;
	KUNIT_EXPECT_LT(test, full, (int)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, report->more, fit + 5 - full / strlen(LINE));
	klp_report_end(report);
	KUNIT_EXPECT_LT(test, report->len, (int)PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, strstr(report->buf + full, " more\n"));
}

static void a_list_that_starts_over_keeps_what_was_before(struct kunit *test)
{
	struct klp_report *report = report_new(test);

	write_lines(report, 3);
	klp_report_list(report);
	write_lines(report, PAGE_SIZE);
	KUNIT_EXPECT_GT(test, report->more, 0);
	klp_report_again(report);
	KUNIT_EXPECT_EQ(test, report->len, 3 * strlen(LINE));
	KUNIT_EXPECT_EQ(test, report->more, 0);
	write_lines(report, 1);
	klp_report_end(report);
	KUNIT_EXPECT_STREQ(test, report->buf, LINE LINE LINE LINE);
}

static void what_was_left_out_before_the_list_stays_counted(struct kunit *test)
{
	struct klp_report *report = report_new(test);
	unsigned int more;
	int full;

	write_lines(report, PAGE_SIZE);
	more = report->more;
	full = report->len;
	klp_report_list(report);
	write_lines(report, 2);
	klp_report_again(report);
	KUNIT_EXPECT_EQ(test, report->more, more);
	write_lines(report, 1);
	KUNIT_EXPECT_EQ(test, report->more, more + 1);
	KUNIT_EXPECT_EQ(test, report->len, full);
}

static struct kunit_case blockers_cases[] = {
	KUNIT_CASE(lines_that_do_not_fit_are_counted),
	KUNIT_CASE(a_list_that_starts_over_keeps_what_was_before),
	KUNIT_CASE(what_was_left_out_before_the_list_stays_counted),
	{ }
};

static struct kunit_suite blockers_suite = {
	.name = "livepatch_blockers",
	.test_cases = blockers_cases,
};

kunit_test_suite(blockers_suite);
