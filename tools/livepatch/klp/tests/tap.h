/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP for unit tests: a case is a line, and says what it is about. */
#ifndef KLP_TESTS_TAP_H
#define KLP_TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_nr, tap_failed;

__attribute__((unused, format(printf, 2, 3)))
static void tap_ok(int ok, const char *fmt, ...)
{
	va_list args;

	printf("%sok %d ", ok ? "" : "not ", ++tap_nr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	tap_failed += !ok;
}

__attribute__((unused))
static int tap_end(void)
{
	printf("1..%d\n", tap_nr);
	return !!tap_failed;
}

#endif
