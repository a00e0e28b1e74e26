/* SPDX-License-Identifier: GPL-2.0 */
/* The places in a built object that the running kernel rewrites by its own tables (sites.c). */
#ifndef KLP_SITES_H
#define KLP_SITES_H

#include "image.h"

#define SITE_INSN	0	/* size of a site: one instruction, whichever stands there */

#define TAKE_INSTALLED	"take the file that is installed, not its debug information"

struct site {
	size_t area;			/* a module's section; 0 in vmlinux */
	uint64_t address;
	uint16_t size;
	const char *table;		/* which table has it, for messages */
};

struct sites {
	LIST(struct site) list;		/* by area, then address */
	const char *why;		/* a table was not understood */
};

/* All sites of @image; read once. */
const struct sites *image_sites(struct image *image);

/* The first site that may reach into what starts at @address. */
const struct site *sites_from(const struct sites *sites, size_t area, uint64_t address);

/* A relocation of a module's section; calls back for each one for @area. */
struct reloc {
	uint64_t offset;
	uint32_t type;
	const struct symbol *symbol;
	int64_t addend;
};

typedef void (*reloc_fn)(const struct reloc *reloc, void *arg);
void image_relocs(const struct image *image, const struct area *area, reloc_fn fn, void *arg);

#endif
