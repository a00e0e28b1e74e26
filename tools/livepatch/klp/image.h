/* SPDX-License-Identifier: GPL-2.0 */
/* A built vmlinux or module, as an ELF file (image.c); only symbols.c ... verify.c use it. */
#ifndef KLP_IMAGE_H
#define KLP_IMAGE_H

#include <gelf.h>

#include "util.h"

struct area {
	const char *name;
	uint64_t address, size;
	uint64_t flags;
	uint32_t type;
	uint32_t info;			/* of relocations: the section they are for */
	Elf_Scn *scn;
};

struct symbol {
	const char *name;
	uint64_t value, size;
	size_t area;			/* index; 0: absolute */
	size_t group;			/* index of its source file; 0: none known */
	unsigned char bind, type, visibility;
	bool defined;
	bool listed;			/* kallsyms of the running kernel has it */
	bool init;			/* ... but of a module only until its init is done */
};

/* The local symbols between two STT_FILE symbols. */
struct group {
	const char *file;		/* without a directory: "core.c" */
	size_t first, end;		/* symbols */
};

struct sites;
struct units;

struct image {
	const char *object, *path;
	Elf *elf;
	bool module;			/* relocatable: symbols count from their section */
	struct area *areas;		/* the first is none */
	size_t nr_areas;
	struct symbol *symbols;		/* in the order of the file */
	size_t nr_symbols;
	struct symbol **listed;		/* by name, those of one name as the kernel counts them */
	size_t nr_listed;
	LIST(struct group) groups;	/* the first is none */
	/* made when first asked for */
	struct sites *sites;		/* what the running kernel rewrites (verify) */
	struct image *debug;		/* of a stripped module: before it was (symbols.c) */
	struct units *units;		/* which source file has which addresses (origin.c) */
};

/* What a library holds for an image lives as long as the program. */
void image_end_later(void *library, int (*end)(void *library));

struct image *image_open(const char *object, const char *path);

/* The first symbol in @image->listed that is called @name; @nr of them follow each other. */
struct symbol **image_named(const struct image *image, const char *name, size_t *nr);
const struct symbol *image_symbol(const struct image *image, const char *name);

/* Contents of a section, as far as the file has them. */
struct bytes image_contents(const struct image *image, const struct area *area);

/* The @size bytes at @address, or NULL; @area is where modules count from, else NULL. */
const unsigned char *image_bytes(const struct image *image, const struct area *area,
				 uint64_t address, uint64_t size);
const struct area *image_area(const struct image *image, const char *name);
const struct area *image_area_at(const struct image *image, uint64_t address);

/* ---- symbols.c and origin.c, for each other --------------------------------------- */

struct kernel;

struct image *kernel_image(const struct kernel *kernel, const char *object);

/* Which local symbol called @name comes from @source; NULL with @why if that is not sure. */
const struct symbol *origin_find(struct image *image, const char *source, const char *name,
				 const char *const *near, const char **why);

#endif
