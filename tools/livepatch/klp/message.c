// SPDX-License-Identifier: GPL-2.0
/* What klp says: errors, notes, progress. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "util.h"

bool verbose;

static bool shown;	/* a line of progress is on the terminal */

static void say(const char *fmt, va_list args, const char *tail)
{
	progress_end();
	fputs("klp: ", stderr);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "%s\n", tail);
}

#define SAY(tail)				\
	do {					\
		va_list args;			\
						\
		va_start(args, fmt);		\
		say(fmt, args, tail);		\
		va_end(args);			\
	} while (0)

void die(const char *fmt, ...)
{
	SAY("");
	exit(KLP_EXIT_FAILED);
}

void die_errno(const char *fmt, ...)
{
	const char *why = mem_printf(": %s", strerror(errno));

	SAY(why);
	exit(KLP_EXIT_FAILED);
}

void die_usage(const char *fmt, ...)
{
	SAY("; see klp --help");
	exit(KLP_EXIT_USAGE);
}

void warn(const char *fmt, ...)
{
	SAY("");
}

void note(const char *fmt, ...)
{
	if (verbose)
		SAY("");
}

void progress(const char *fmt, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fflush(stderr);
	shown = true;
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
