// SPDX-License-Identifier: GPL-2.0
/* Command lines of the verbs that manage: one table of options, each verb takes some. */
#include "arguments.h"
#include "manage.h"

#define TIMEOUT_DEFAULT	60

#define AT(member)	offsetof(struct options, member)

static const struct argument rows[] = {
	{ 'j', true, "json", NULL, "print JSON", ARGUMENT_FLAG, AT(json) },
	{ 'i', false, "installed", NULL, "load what is installed for this kernel",
	  ARGUMENT_FLAG, AT(installed) },
	{ 't', true, "timeout", "SECONDS", "how long to wait for a transition (60; 0: for ever)",
	  ARGUMENT_NUMBER, AT(timeout) },
	{ 'T', false, "on-timeout", "revert|keep|fail", "what to do when time is up (revert)",
	  ARGUMENT_WORD, AT(on_timeout) },
	{ 'I', false, "on-interrupt", "revert|keep", "what to do on Ctrl-C (revert)",
	  ARGUMENT_WORD, AT(on_interrupt) },
	{ 'y', true, "yes", NULL, "do not ask", ARGUMENT_FLAG, AT(yes) },
	{ 'w', true, "watch", NULL, "go on showing, until interrupted", ARGUMENT_FLAG, AT(watch) },
	{ 'p', false, "prometheus", NULL, "print metrics for node-exporter's textfile collector",
	  ARGUMENT_FLAG, AT(prometheus) },
	{ 'o', true, "output", "FILE", "write to a file, which is complete at every moment",
	  ARGUMENT_TEXT, AT(output) },
	{ 's', true, "stack", NULL, "show their stacks", ARGUMENT_FLAG, AT(stack) },
	{ 'r', true, "release", "RELEASE", "for that kernel, not the running one",
	  ARGUMENT_TEXT, AT(release) },
	{ 'n', true, "lines", "N", "the last N only", ARGUMENT_NUMBER, AT(lines) },
	{ 'S', false, "survived", NULL, "say that the machine survived what was loaded",
	  ARGUMENT_FLAG, AT(survived) },
	{ 'N', false, "survive", "SECONDS", "wait so long, or for SIGTERM, then do --survived",
	  ARGUMENT_NUMBER, AT(survive) },
	{ 'R', false, "reset", NULL, "forget what the machine did not survive",
	  ARGUMENT_FLAG, AT(reset) },
	ARGUMENT_VERBOSE_ROW,
	ARGUMENT_HELP_ROW,
};

void options_read(struct options *options, const struct verb *verb, int argc, char **argv,
		  int least, int most)
{
	const struct arguments how = {
		.rows = rows, .nr = ARRAY_SIZE(rows), .letters = verb->options,
		.verb = verb->name, .args = verb->args, .help = verb->help, .page = "klp",
	};
	int first;

	*options = (struct options){ .timeout = TIMEOUT_DEFAULT };
	first = arguments_read(&how, options, argc, argv);
	options->nr = argc - first;
	options->args = argv + first;
	if (options->nr < least)
		die_usage("%s: %s is missing", verb->name, verb->args);
	if (most >= 0 && options->nr > most)
		die_usage("%s: %s: one argument too many", verb->name, options->args[most]);
}
