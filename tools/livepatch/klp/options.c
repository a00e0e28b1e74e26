// SPDX-License-Identifier: GPL-2.0
/* Command lines of the verbs that manage: one table of options, each verb takes some. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>

#include "manage.h"

#define TIMEOUT_DEFAULT	60

struct row {
	char letter;			/* stands for it in manage.c */
	bool is_short;			/* -j, too */
	const char *name, *arg, *help;
};

static const struct row rows[] = {
	{ 'j', true, "json", NULL, "print JSON" },
	{ 'i', false, "installed", NULL, "load what is installed for this kernel" },
	{ 't', true, "timeout", "SECONDS", "how long to wait for a transition (60; 0: for ever)" },
	{ 'T', false, "on-timeout", "revert|keep|fail", "what to do when time is up (revert)" },
	{ 'I', false, "on-interrupt", "revert|keep", "what to do on Ctrl-C (revert)" },
	{ 'y', true, "yes", NULL, "do not ask" },
	{ 'w', true, "watch", NULL, "go on showing, until interrupted" },
	{ 'p', false, "prometheus", NULL, "print metrics for node-exporter's textfile collector" },
	{ 'o', true, "output", "FILE", "write to a file, which is complete at every moment" },
	{ 's', true, "stack", NULL, "show their stacks" },
	{ 'r', true, "release", "RELEASE", "for that kernel, not the running one" },
	{ 'n', true, "lines", "N", "the last N only" },
	{ 'S', false, "survived", NULL, "say that the machine survived what was loaded" },
	{ 'N', false, "survive", "SECONDS", "wait so long, or for SIGTERM, then do --survived" },
	{ 'R', false, "reset", NULL, "forget what the machine did not survive" },
	{ 'v', true, "verbose", NULL, "tell what is done" },
	{ 'h', true, "help", NULL, "print this help" },
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

static unsigned int word(const char *option, const char *text, const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
	}
	die_usage("--%s: %s is none of its values", option, text);
}

static void set(struct options *options, const struct verb *verb, char letter, const char *arg)
{
	static const char *const on_timeout[] = { "revert", "keep", "fail", NULL };
	static const char *const on_interrupt[] = { "revert", "keep", NULL };

	switch (letter) {
	case 'j': options->json = true; break;
	case 'i': options->installed = true; break;
	case 't': options->timeout = number("timeout", arg); break;
	case 'T': options->on_timeout = word("on-timeout", arg, on_timeout); break;
	case 'I': options->keep_interrupted = word("on-interrupt", arg, on_interrupt); break;
	case 'y': options->yes = true; break;
	case 'w': options->watch = true; break;
	case 'p': options->prometheus = true; break;
	case 'o': options->output = arg; break;
	case 's': options->stack = true; break;
	case 'r': options->release = arg; break;
	case 'n': options->lines = number("lines", arg); break;
	case 'S': options->survived = true; break;
	case 'N': options->survive = number("survive", arg); break;
	case 'R': options->reset = true; break;
	case 'v': verbose = true; break;
	case 'h': print_usage(verb);
	default: exit(KLP_EXIT_USAGE);		/* getopt_long() has told */
	}
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
		set(options, verb, (char)letter, optarg);
	options->nr = argc - optind;
	options->args = argv + optind;
	if (options->nr < least)
		die_usage("%s: %s is missing", verb->name, verb->args);
	if (most >= 0 && options->nr > most)
		die_usage("%s: %s: one argument too many", verb->name, options->args[most]);
}
