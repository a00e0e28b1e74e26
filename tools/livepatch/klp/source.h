/* SPDX-License-Identifier: GPL-2.0 */
/* Diffs of the source: what they touch, and how they are applied. */
#ifndef KLP_SOURCE_H
#define KLP_SOURCE_H

#include "util.h"

enum touch {
	TOUCH_CHANGED,
	TOUCH_ADDED,
	TOUCH_REMOVED,
	TOUCH_RENAMED,		/* or copied */
	TOUCH_MODE,		/* nothing but its permissions */
	TOUCH_BINARY,
};

/* One file of one diff. */
struct touched {
	const char *path;	/* in the tree */
	const char *was;	/* its path before, if it is renamed */
	enum touch touch;
	const char *diff;	/* the file that the diff is in */
	unsigned int line;	/* there */
	struct text hunks;	/* "@@ ..." and what follows it */
};

struct sources {
	LIST(struct touched) files;	/* in the order of the diffs */
	struct text all;		/* what they say; equal texts do equal things */
};

/* Adds what a diff (-p1, unified) says; ends the program if it is none. */
void source_read(struct sources *sources, const char *diff);

/*
 * Applies all to the files in a tree, each of them its own copy already.  Ends the
 * program unless every hunk fits exactly; it may be at another line.
 */
void source_apply(const struct sources *sources, const char *tree);

/*
 * Lets the lines of a changed file have the numbers again that they have in the file
 * before, where that can be said at the top level of the file.
 *
 * Return: whether the file was changed.
 */
bool lines_keep(const char *before, const char *after);

/* The same on texts, for tests: @changes is what diff(1) prints for the two. */
bool lines_place(const char *changes, const char *after, struct text *out);

#endif
