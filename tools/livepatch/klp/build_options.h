/* SPDX-License-Identifier: GPL-2.0 */
/* The command lines of klp build and klp link. */
#ifndef KLP_BUILD_OPTIONS_H
#define KLP_BUILD_OPTIONS_H

#include "target.h"

struct build_options {
	struct wanted wanted;
	const char *name, *version, *description, *output, *cache;
	LIST(const char *) cves;
	bool no_replace, keep, json;
	unsigned int jobs;
	char **diffs;			/* or modules, for klp link */
	int nr;
};

void build_options_read(struct build_options *options, int argc, char **argv);
void link_options_read(struct build_options *options, int argc, char **argv);

#endif
