/* SPDX-License-Identifier: GPL-2.0 */
/* The command lines of klp build and klp link. */
#ifndef KLP_BUILD_OPTIONS_H
#define KLP_BUILD_OPTIONS_H

#include "arguments.h"
#include "target.h"

struct build_options {
	struct wanted wanted;
	const char *name, *version, *description, *output, *cache;
	struct argument_list cves;
	bool no_replace, keep, json;
	unsigned int jobs;
	char **diffs;			/* or modules, for klp link */
	int nr;
};

/* What the two verbs do */
#define BUILD_HELP	"Makes a livepatch module from diffs (-p1) of a kernel's source."
#define LINK_HELP	"Turns references declared by KLP_RELOC() into livepatch relocations."

void build_options_read(struct build_options *options, int argc, char **argv);
void link_options_read(struct build_options *options, int argc, char **argv);

#endif
