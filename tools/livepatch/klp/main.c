// SPDX-License-Identifier: GPL-2.0
/* klp: makes livepatch modules and manages them.  The verbs, and what they are for. */
#include <signal.h>

#include "klp.h"
#include "util.h"

#ifndef KLP_VERSION
#define KLP_VERSION "unknown"
#endif

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

/* A row without a function is a heading. */
static const struct verb verbs[] = {
	{ "Making patches", NULL, NULL },
	{ "build", cmd_build, "make a patch module from diffs of the source" },
	{ "link", cmd_link, "make livepatch relocations in a module written as source" },
	{ "info", cmd_info, "show what a patch module changes" },
	{ "Patching the running kernel", NULL, NULL },
	{ "check", cmd_check, "tell what loading a patch would meet, changing nothing" },
	{ "load", cmd_load, "load a patch and wait until all tasks run it" },
	{ "unload", cmd_unload, "disable a patch and remove its module" },
	{ "enable", cmd_enable, "enable a patch that is loaded" },
	{ "disable", cmd_disable, "disable a patch, keeping its module" },
	{ "force", cmd_force, "complete a transition without waiting; not safe" },
	{ "Watching", NULL, NULL },
	{ "list", cmd_list, "list the patches that are loaded or installed" },
	{ "status", cmd_status, "show each patch and its transition" },
	{ "blockers", cmd_blockers, "show which tasks a transition waits for, and why" },
	{ "history", cmd_history, "show what was done on this machine" },
	{ "At boot", NULL, NULL },
	{ "install", cmd_install, "keep a patch, and load it at every boot" },
	{ "uninstall", cmd_uninstall, "keep it no longer" },
	{ "boot", cmd_boot, "load what is installed (run by livepatch.service)" },
};

static void print_help(void)
{
	size_t i;

	puts("usage: klp VERB [OPTION]... [ARGUMENT]...");
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (verbs[i].run)
			printf("  %-12s%s\n", verbs[i].name, verbs[i].help);
		else
			printf("\n%s:\n", verbs[i].name);
	}
	puts("\nklp VERB --help tells the options of a verb; klp(1) tells all.");
}

static const struct verb *verb_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (verbs[i].run && !strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

/* Output that could not be written must not look like success. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		die_errno("standard output");
	return status;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	signal(SIGPIPE, SIG_DFL);
	if (argc < 2) {
		print_help();
		return KLP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help();
		return finish(KLP_EXIT_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("klp " KLP_VERSION);
		return finish(KLP_EXIT_OK);
	}
	verb = verb_find(argv[1]);
	if (!verb)
		die_usage("%s: no such verb", argv[1]);
	return finish(verb->run(argc - 1, argv + 1));
}
