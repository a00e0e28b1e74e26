// SPDX-License-Identifier: GPL-2.0
/*
 * klp_bench: runs inside the kernel that is measured, beside the klp_bench_*.ko files.
 *
 *   klp_bench cycle [name=value]...	enable and disable a patch
 *   klp_bench calls [name=value]...	count what a call costs
 *   klp_bench resolve [name=value]...	find the functions of a patch, and no more
 *   klp_bench loading [name=value]...	load a module while a transition waits
 *
 * More runs may follow, each after a ":".  Options keep their value from one to the next; what
 * goes on beside (kthreads, users, load) is started before the first and ends after the last.
 *
 * Every figure is a line "TAG KEY VALUE".  Times are milliseconds.  Any doubt about a figure (a
 * function that was not patched, a transition that did not end) ends the program with status 1.
 */

#include <stdlib.h>
#include <string.h>

#include "klp_bench_user.h"

struct options opt = { .tag = "-", .n = 1, .reps = 1, .noise = 30, .quiet = 20 };

static const struct {
	const char *name;
	const char **text;
	long *value;
} options[] = {
	{ "tag", .text = &opt.tag }, { "load", .text = &opt.load },
	{ "names", .text = &opt.names }, { "n", .value = &opt.n },
	{ "parts", .value = &opt.parts }, { "reps", .value = &opt.reps },
	{ "kthreads", .value = &opt.kthreads }, { "users", .value = &opt.users },
	{ "watch", .value = &opt.watch }, { "noise", .value = &opt.noise },
	{ "stay", .value = &opt.stay }, { "memory", .value = &opt.memory },
	{ "phase", .value = &opt.phase }, { "quiet", .value = &opt.quiet },
	{ "settle", .value = &opt.settle },
};

static void option_set(const char *arg)
{
	const char *value = strchr(arg, '=');
	unsigned int i;
	size_t len;

	if (!value)
		die("%s: not name=value", arg);
	len = value++ - arg;
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (strncmp(arg, options[i].name, len) || options[i].name[len])
			continue;
		if (options[i].text)
			*options[i].text = value;
		else
			*options[i].value = strtol(value, NULL, 10);
		return;
	}
	die("%s: no such option", arg);
}

static const struct command {
	const char *name;
	void (*run)(void);
} commands[] = {
	{ "cycle", cycle }, { "calls", calls }, { "resolve", resolve }, { "loading", loading },
};

static const struct command *command_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	die("usage: klp_bench cycle|calls|resolve|loading [name=value]... [: [name=value]...]...");
}

int main(int argc, char *argv[])
{
	const struct command *command = command_find(argc > 1 ? argv[1] : "");
	bool started = false;
	int i = 2;

	wait_fine_timers();
	do {
		for (; i < argc && strcmp(argv[i], ":"); i++)
			option_set(argv[i]);
		targets_load();
		if (!started)
			load_start();
		if (!started && opt.watch)
			watchers_start();
		started = true;
		command->run();
	} while (i++ < argc);
	/* A patch that stays would wait for threads that go. */
	if (!opt.stay)
		load_stop();

	return 0;
}
