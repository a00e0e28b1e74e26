/* SPDX-License-Identifier: GPL-2.0 */
/* Files that no patch can change, and those that need none. */
#ifndef KLP_TOUCH_H
#define KLP_TOUCH_H

#include "build.h"
#include "source.h"
#include "tree.h"

struct ignored {
	LIST(const char *) paths;
};

/*
 * Takes out of @sources what does not count (documentation, other architectures, tools),
 * and refuses what cannot be patched.
 */
void touch_check(struct sources *sources, const struct scratch *scratch,
		 struct refusals *refusals, struct ignored *ignored);

/* Whether a change of a Makefile does no more than add objects. */
bool makefile_only_adds(const char *hunks);

#endif
