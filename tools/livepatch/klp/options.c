// SPDX-License-Identifier: GPL-2.0
/* Command lines of the verbs that manage: one table of options, each verb takes some. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>

#include "manage.h"

#define TIMEOUT_DEFAULT	60

enum kind {
	FLAG,				/* sets a bool */
	NUMBER,				/* sets an unsigned int */
	WORD,				/* sets an unsigned int: which one of its words */
	TEXT,				/* sets a pointer */
	VERBOSE,
	HELP,
};

struct row {
	char letter;			/* stands for it in manage.c */
	bool is_short;			/* -j, too */
	const char *name, *arg, *help;
	enum kind kind;
	size_t at;			/* in struct options */
};

#define AT(member)	offsetof(struct options, member)

static const struct row rows[] = {
	{ 'j', true, "json", NULL, "print JSON", FLAG, AT(json) },
	{ 'i', false, "installed", NULL, "load what is installed for this kernel",
	  FLAG, AT(installed) },
	{ 't', true, "timeout", "SECONDS", "how long to wait for a transition (60; 0: for ever)",
	  NUMBER, AT(timeout) },
	{ 'T', false, "on-timeout", "revert|keep|fail", "what to do when time is up (revert)",
	  WORD, AT(on_timeout) },
	{ 'I', false, "on-interrupt", "revert|keep", "what to do on Ctrl-C (revert)",
	  WORD, AT(on_interrupt) },
	{ 'y', true, "yes", NULL, "do not ask", FLAG, AT(yes) },
	{ 'w', true, "watch", NULL, "go on showing, until interrupted", FLAG, AT(watch) },
	{ 'p', false, "prometheus", NULL, "print metrics for node-exporter's textfile collector",
	  FLAG, AT(prometheus) },
	{ 'o', true, "output", "FILE", "write to a file, which is complete at every moment",
	  TEXT, AT(output) },
	{ 's', true, "stack", NULL, "show their stacks", FLAG, AT(stack) },
	{ 'r', true, "release", "RELEASE", "for that kernel, not the running one",
	  TEXT, AT(release) },
	{ 'n', true, "lines", "N", "the last N only", NUMBER, AT(lines) },
	{ 'S', false, "survived", NULL, "say that the machine survived what was loaded",
	  FLAG, AT(survived) },
	{ 'N', false, "survive", "SECONDS", "wait so long, or for SIGTERM, then do --survived",
	  NUMBER, AT(survive) },
	{ 'R', false, "reset", NULL, "forget what the machine did not survive", FLAG, AT(reset) },
	{ 'v', true, "verbose", NULL, "tell what is done", VERBOSE, 0 },
	{ 'h', true, "help", NULL, "print this help", HELP, 0 },
};

static bool takes(const struct verb *verb, const struct row *row)
{
	return row->letter == 'h' || row->letter == 'v' || strchr(verb->options, row->letter);
}

_Noreturn static void print_usage(const struct verb *verb)
{
	const struct row *row;
	const char *text;

	printf("usage: klp %s [OPTION]...%s%s\n%s\n\n", verb->name, *verb->args ? " " : "",
	       verb->args, verb->help);
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (!takes(verb, row))
			continue;
		text = mem_printf("--%s%s%s", row->name, row->arg ? " " : "", row->arg ?: "");
		if (row->is_short)
			printf("  -%c, %-30s %s\n", row->letter, text, row->help);
		else
			printf("      %-30s %s\n", text, row->help);
	}
	printf("\nSee klp(1).\n");
	exit(fflush(stdout) ? KLP_EXIT_FAILED : KLP_EXIT_OK);
}

static unsigned int number(const char *option, const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || value > INT_MAX / 1000)
		die_usage("--%s: %s is not a number of this kind", option, text);
	return (unsigned int)value;
}

/* Which of "revert|keep|fail" */
static unsigned int word(const struct row *row, const char *text)
{
	char *words = mem_strdup(row->arg), *one;
	unsigned int i;

	for (i = 0; (one = strsep(&words, "|")); i++) {
		if (!strcmp(one, text))
			return i;
	}
	die_usage("--%s: %s is not one of %s", row->name, text, row->arg);
}

static void set(struct options *options, const struct verb *verb, const struct row *row,
		const char *arg)
{
	void *value = (char *)options + row->at;

	switch (row->kind) {
	case FLAG:
		*(bool *)value = true;
		break;
	case NUMBER:
		*(unsigned int *)value = number(row->name, arg);
		break;
	case WORD:
		*(unsigned int *)value = word(row, arg);
		break;
	case TEXT:
		*(const char **)value = arg;
		break;
	case VERBOSE:
		verbose = true;
		break;
	case HELP:
		print_usage(verb);
	}
}

/* An option that is none: getopt_long() has told. */
static const struct row *row_of(int letter)
{
	const struct row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (row->letter == letter)
			return row;
	}
	exit(KLP_EXIT_USAGE);
}

/* What getopt_long() wants to know of the options that the verb takes. */
static void fill(const struct verb *verb, char *letters, struct option *longs)
{
	const struct row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (!takes(verb, row))
			continue;
		*longs++ = (struct option){ row->name, row->arg ? required_argument : no_argument,
					    NULL, row->letter };
		if (!row->is_short)
			continue;
		*letters++ = row->letter;
		if (row->arg)
			*letters++ = ':';
	}
}

void options_read(struct options *options, const struct verb *verb, int argc, char **argv,
		  int least, int most)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = { 0 };
	char letters[2 * ARRAY_SIZE(rows) + 1] = "";
	int letter;

	*options = (struct options){ .timeout = TIMEOUT_DEFAULT };
	fill(verb, letters, longs);
	argv[0] = mem_printf("klp: %s", verb->name);	/* begins messages of getopt_long() */
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		set(options, verb, row_of(letter), optarg);
	options->nr = argc - optind;
	options->args = argv + optind;
	if (options->nr < least)
		die_usage("%s: %s is missing", verb->name, verb->args);
	if (most >= 0 && options->nr > most)
		die_usage("%s: %s: one argument too many", verb->name, options->args[most]);
}
