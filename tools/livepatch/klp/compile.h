/* SPDX-License-Identifier: GPL-2.0 */
/* Objects before and after. */
#ifndef KLP_COMPILE_H
#define KLP_COMPILE_H

#include "depend.h"

/* One source file, compiled twice. */
struct pair {
	const struct dependent *dependent;
	const char *before, *after;	/* object files; @before has nothing for a new source */
	const char *object;		/* "vmlinux", or the module that it is linked into */
	/* New global symbols, both end with NULL, or are NULL (share.c) */
	const char *const *wanted;	/* of its own, that other objects of the patch use */
	const char *const *beside;	/* of other objects of the patch, that it uses */
};

struct pairs {
	LIST(struct pair) list;
};

/*
 * Compiles what is not compiled yet, in both trees.
 *
 * Return: false, if the tree of after did not compile; kbuild_errors() tells why.
 */
bool compile_pairs(struct pairs *pairs, const struct scratch *scratch,
		   const struct dependents *dependents);

/* Whether two objects are the same, but for their debug information. */
bool objects_same(const char *before, const char *after);

#endif
