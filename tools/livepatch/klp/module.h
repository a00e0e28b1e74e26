/* SPDX-License-Identifier: GPL-2.0 */
/* The patch module: what is in it, its source, and how kbuild makes it. */
#ifndef KLP_MODULE_H
#define KLP_MODULE_H

#include "build.h"
#include "tree.h"

/* Everything that becomes one module. */
struct patch {
	const char *name;		/* of the module */
	const char *version, *description;	/* or NULL */
	LIST(const char *) cves;
	bool replace;
	const struct kernel *kernel;	/* it is built against; NULL: cannot be verified */
	LIST(struct diff) diffs;	/* those that gave an object */
};

/* An object of the kernel with what is replaced in it. */
struct patched {
	const char *name;		/* "vmlinux" or a module */
	LIST(const struct change *) changes;
	LIST(const struct declaration *) declarations;
	bool is_verified;
};

struct patched_list {
	LIST(struct patched) list;
};

/* By object: vmlinux first, then the modules by their names. */
void patch_objects(struct patched_list *objects, const struct patch *patch);

/* The source of the module's own part. */
void module_source(struct text *out, const struct patch *patch);

/*
 * Makes the module, without livepatch relocations yet.
 *
 * Return: where it is, in the scratch tree.
 */
char *module_make(const struct scratch *scratch, const struct patch *patch);

/* A directory for the objects of a patch, in the scratch tree */
char *module_dir(const struct scratch *scratch, const char *name);

#endif
