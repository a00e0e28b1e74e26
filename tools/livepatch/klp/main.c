// SPDX-License-Identifier: GPL-2.0
/* klp: makes livepatch modules and manages them.  The verbs. */
#include <signal.h>

#include "build_options.h"
#include "manage.h"

#ifndef KLP_VERSION
#define KLP_VERSION "unknown"
#endif

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;			/* NULL: manage.c has it */
};

/* A row without a function is a heading. */
static const struct command commands[] = {
	{ "Making patches", NULL, NULL },
	{ "build", cmd_build, BUILD_HELP },
	{ "link", cmd_link, LINK_HELP },
	{ "info", cmd_info, NULL },
	{ "Patching the running kernel", NULL, NULL },
	{ "check", cmd_check, NULL },
	{ "load", cmd_load, NULL },
	{ "unload", cmd_unload, NULL },
	{ "enable", cmd_enable, NULL },
	{ "disable", cmd_disable, NULL },
	{ "force", cmd_force, NULL },
	{ "Watching", NULL, NULL },
	{ "list", cmd_list, NULL },
	{ "status", cmd_status, NULL },
	{ "blockers", cmd_blockers, NULL },
	{ "history", cmd_history, NULL },
	{ "At boot", NULL, NULL },
	{ "install", cmd_install, NULL },
	{ "uninstall", cmd_uninstall, NULL },
	{ "boot", cmd_boot, NULL },
};

static void print_help(void)
{
	const struct command *command;

	puts("usage: klp VERB [OPTION]... [ARGUMENT]...");
	for (command = commands; command < commands + ARRAY_SIZE(commands); command++) {
		if (command->run)
			printf("  %-12s%s\n", command->name,
			       command->help ?: manage_verb(command->name)->help);
		else
			printf("\n%s:\n", command->name);
	}
	puts("\nklp VERB --help tells the options of a verb; klp(1) tells all.");
}

static const struct command *find_command(const char *name)
{
	const struct command *command;

	for (command = commands; command < commands + ARRAY_SIZE(commands); command++) {
		if (command->run && !strcmp(command->name, name))
			return command;
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
	const struct command *command;

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
	command = find_command(argv[1]);
	if (!command)
		die_usage("%s: no such verb", argv[1]);
	return finish(command->run(argc - 1, argv + 1));
}
