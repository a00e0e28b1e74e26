/* SPDX-License-Identifier: GPL-2.0 */
/* Objects before and after. */
#ifndef KLP_COMPILE_H
#define KLP_COMPILE_H

#include "depend.h"

/* One source file, compiled twice. */
struct pair {
	const struct dependent *dependent;
	const char *before, *after;	/* object files; @before is NULL for a new source */
	const char *object;		/* "vmlinux", or the module that it is linked into */
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
