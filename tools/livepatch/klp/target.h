/* SPDX-License-Identifier: GPL-2.0 */
/* Which kernel is to be patched: its source, build tree, image and compiler. */
#ifndef KLP_TARGET_H
#define KLP_TARGET_H

#include "util.h"

/* What the command line says; NULL where it says nothing. */
struct wanted {
	const char *source, *build, *vmlinux, *config, *modules, *module;
};

struct target {
	const char *source;	/* of the kernel; NULL when only a module is patched */
	const char *module;	/* source of a module outside of the kernel's, or NULL */
	const char *build;	/* the kernel's build tree, perhaps only its headers */
	const char *vmlinux;
	const char *config;
	const char *symvers;
	const char *modules;	/* where to look for modules first, or NULL */
	const char *release;	/* "6.12.117-klp" */
	const char *cc;		/* "gcc-12" */
	const char *cc_version;	/* as in the configuration */
	struct bytes config_text;
};

/* Finds what is not told, and ends the program where parts do not fit together. */
void target_find(struct target *target, const struct wanted *wanted);

/* The value of an option of the configuration, without quotes; NULL if it is not set. */
const char *config_value(const struct bytes *config, const char *option);

/* Of an ELF file, in hexadecimal; NULL: it has none, or is none (build_id.c). */
const char *file_build_id(const char *path);

/* The file of a module by its name, decompressed into @scratch if need be, or NULL. */
char *target_module(const struct target *target, const char *name, const char *scratch);

/* The same, of its debug information, which may be the very same file */
char *target_module_debug(const struct target *target, const char *name, const char *scratch);

/* It must not be done: tells why, and ends the program with KLP_EXIT_REFUSED. */
_Noreturn void die_refused(const char *fmt, ...) __printf(1, 2);

#endif
