/* SPDX-License-Identifier: GPL-2.0 */
/* Which objects of the kernel a change of a source file makes differ. */
#ifndef KLP_DEPEND_H
#define KLP_DEPEND_H

#include "source.h"
#include "tree.h"

enum treatment {
	TREAT_COMPARE,		/* compare its functions */
	TREAT_SAME,		/* must not differ: nothing of it can be patched */
	TREAT_NOTHING,		/* has no part in the running kernel */
};

struct dependent {
	const char *object;	/* "mm/slub.o" */
	const char *source;	/* "mm/slub.c" */
	const char *because;	/* file that the diffs touch */
	enum treatment treatment;
	bool is_new;		/* there is none before */
};

struct dependents {
	LIST(struct dependent) list;
	struct names *reached;	/* files of the diffs that some object is made of */
};

/* Finds them, by the records of the kernel's build or by its debug information. */
void depend_find(struct dependents *dependents, const struct scratch *scratch,
		 const struct sources *sources);

/* What is done about an object at that path. */
enum treatment depend_treatment(const char *object, const char *source);

/*
 * From DWARF: which sources of the kernel have any of @paths in their list of files.
 * A first call reads all of it and keeps the answer in @cache.
 *
 * Return: false, if there is no debug information.
 */
bool depend_dwarf(const struct target *target, const char *cache, const char *path,
		  void (*found)(const char *source, const char *path, void *arg), void *arg);

#endif
