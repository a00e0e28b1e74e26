/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines by tables: what getopt_long() is told, what it finds, and the help. */
#ifndef KLP_ARGUMENTS_H
#define KLP_ARGUMENTS_H

#include "util.h"

enum argument_kind {
	ARGUMENT_FLAG,			/* sets a bool */
	ARGUMENT_NUMBER,		/* sets an unsigned int */
	ARGUMENT_WORD,			/* sets an unsigned int: which one of its words */
	ARGUMENT_TEXT,			/* sets a pointer */
	ARGUMENT_LIST,			/* adds to a struct argument_list: "A,B", and again */
	ARGUMENT_VERBOSE,
	ARGUMENT_HELP,
};

struct argument_list {
	LIST(const char *) list;
};

struct argument {
	char letter;			/* stands for it in lists of what a verb takes */
	bool is_short;			/* -j, too */
	const char *name, *arg, *help;
	enum argument_kind kind;
	size_t at;			/* in what is read into */
};

#define ARGUMENT_VERBOSE_ROW							\
	{ 'v', true, "verbose", NULL, "tell what is done", ARGUMENT_VERBOSE, 0 }
#define ARGUMENT_HELP_ROW							\
	{ 'h', true, "help", NULL, "print this help", ARGUMENT_HELP, 0 }

struct arguments {
	const struct argument *rows;
	size_t nr;
	const char *letters;		/* of the rows that count, but for help and verbose */
	const char *verb, *args;	/* as in the usage */
	const char *help;		/* what the verb does */
	const char *page;		/* of the manual */
};

/* Ends the program after --help, and if @argv does not fit.  Return: what is left starts there */
int arguments_read(const struct arguments *how, void *to, int argc, char **argv);

#endif
