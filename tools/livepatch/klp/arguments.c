// SPDX-License-Identifier: GPL-2.0
/* Command lines by tables. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>

#include "arguments.h"

#define ROWS_MOST	32

static bool takes(const struct arguments *how, const struct argument *row)
{
	return row->letter == 'h' || row->letter == 'v' || strchr(how->letters, row->letter);
}

_Noreturn static void print_help(const struct arguments *how)
{
	const struct argument *row;
	const char *text;

	printf("usage: klp %s [OPTION]...%s%s\n%s\n\n", how->verb, *how->args ? " " : "",
	       how->args, how->help);
	for (row = how->rows; row < how->rows + how->nr; row++) {
		if (!takes(how, row))
			continue;
		text = mem_printf("--%s%s%s", row->name, row->arg ? " " : "", row->arg ?: "");
		if (row->is_short)
			printf("  -%c, %-30s %s\n", row->letter, text, row->help);
		else
			printf("      %-30s %s\n", text, row->help);
	}
	printf("\nSee %s(1).\n", how->page);
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
static unsigned int word(const struct argument *row, const char *text)
{
	char *words = mem_strdup(row->arg), *one;
	unsigned int i;

	for (i = 0; (one = strsep(&words, "|")); i++) {
		if (!strcmp(one, text))
			return i;
	}
	die_usage("--%s: %s is not one of %s", row->name, text, row->arg);
}

static void add_all(struct argument_list *list, const char *words)
{
	char *text = mem_strdup(words), *one;

	while ((one = strsep(&text, ", "))) {
		if (*one)
			*list_add(&list->list) = one;
	}
}

static void set(const struct arguments *how, const struct argument *row, void *to, const char *arg)
{
	void *value = (char *)to + row->at;

	switch (row->kind) {
	case ARGUMENT_FLAG:
		*(bool *)value = true;
		break;
	case ARGUMENT_NUMBER:
		*(unsigned int *)value = number(row->name, arg);
		break;
	case ARGUMENT_WORD:
		*(unsigned int *)value = word(row, arg);
		break;
	case ARGUMENT_TEXT:
		*(const char **)value = arg;
		break;
	case ARGUMENT_LIST:
		add_all(value, arg);
		break;
	case ARGUMENT_VERBOSE:
		verbose = true;
		break;
	case ARGUMENT_HELP:
		print_help(how);
	}
}

/* An option that is none: getopt_long() has told. */
static const struct argument *row_of(const struct arguments *how, int letter)
{
	const struct argument *row;

	for (row = how->rows; row < how->rows + how->nr; row++) {
		if (row->letter == letter)
			return row;
	}
	exit(KLP_EXIT_USAGE);
}

/* What getopt_long() wants to know of the options that the verb takes. */
static void fill(const struct arguments *how, char *letters, struct option *longs)
{
	const struct argument *row;

	for (row = how->rows; row < how->rows + how->nr; row++) {
		if (!takes(how, row))
			continue;
		*longs++ = (struct option){
			row->name, row->arg ? required_argument : no_argument, NULL, row->letter };
		if (!row->is_short)
			continue;
		*letters++ = row->letter;
		if (row->arg)
			*letters++ = ':';
	}
}

int arguments_read(const struct arguments *how, void *to, int argc, char **argv)
{
	struct option longs[ROWS_MOST + 1] = { 0 };
	char letters[2 * ROWS_MOST + 1] = "";
	int letter;

	if (how->nr > ROWS_MOST)
		die("%s: too many options", how->verb);
	fill(how, letters, longs);
	argv[0] = mem_printf("klp: %s", how->verb);	/* begins messages of getopt_long() */
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		set(how, row_of(how, letter), to, optarg);
	return optind;
}
