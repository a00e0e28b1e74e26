/* SPDX-License-Identifier: GPL-2.0 */
/* Scratch trees: the source before and after the diffs, kept and reused. */
#ifndef KLP_TREE_H
#define KLP_TREE_H

#include "kbuild.h"
#include "target.h"

struct scratch {
	const struct target *target;
	const char *source;	/* what @before is a copy of */
	char *dir;
	char *before, *after;	/* the trees; objects are beside their sources in them */
	char *log;
	char *flags;		/* KCFLAGS of all objects */
	unsigned int jobs;
};

/*
 * Finds or makes the scratch trees for a target, and brings @before up to what the source
 * is now.  Only one klp at a time gets them; the others wait.
 */
void scratch_open(struct scratch *scratch, const struct target *target, const char *cache,
		  unsigned int jobs);

/* Whether @after is already what the diffs of that key make of it. */
bool scratch_is_after(const struct scratch *scratch, const char *key);

/*
 * Makes @after the same as @before again, without objects.  The files of @touched,
 * which ends with NULL, are about to be changed: remembered, so that they can be restored.
 */
void scratch_after_begin(const struct scratch *scratch, const char *const *touched);
/* All is changed as the diffs of that key want it. */
void scratch_after_done(const struct scratch *scratch, const char *key);
/* A file of @after gets contents of its own; before that it is the one of @before. */
void scratch_own(const struct scratch *scratch, const char *path);

/* Remembers that an object is about to be made, in both trees. */
void scratch_object(const struct scratch *scratch, const char *object);

/* The call of kbuild that makes objects in one of the trees. */
struct kbuild scratch_kbuild(const struct scratch *scratch, const char *tree);

#endif
