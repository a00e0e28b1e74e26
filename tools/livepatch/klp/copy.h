/* SPDX-License-Identifier: GPL-2.0 */
/* Copies of whole source trees, and lists of what is in them. */
#ifndef KLP_COPY_H
#define KLP_COPY_H

#include "util.h"

struct entry {
	const char *path;	/* from the root of the tree */
	const char *stamp;	/* changes when the file does */
};

struct tree_list {
	LIST(struct entry) files;
};

/* Files and symbolic links below a directory, but those that @skip wants left out. */
void tree_walk(struct tree_list *list, const char *root,
	       bool (*skip)(const char *root, const char *path, bool is_dir));

void tree_write(const struct tree_list *list, const char *path);
bool tree_read(struct tree_list *list, const char *path);	/* false: there is none */

/* One file or link of a tree to another; directories are made; keeps time and mode. */
void tree_copy(const char *from, const char *to, const char *path);
/* The same file in both trees. */
void tree_link(const char *from, const char *to, const char *path);

#endif
