// SPDX-License-Identifier: GPL-2.0
/*
 * Global functions that a diff removes, while code that it leaves alone still uses them.
 *
 * The author's kernel would not link, or run another function of that name: a weak one, or
 * one that moved to another file.  The running kernel would go on with the old one.
 */
#include "build.h"
#include "sites.h"

struct search {
	const struct removed *removed;
	const struct image *image;
	const struct gone *gone;
	uint64_t address;		/* of the function, in vmlinux */
	const struct area *area;	/* that is looked at, of a module */
	const char *user;		/* the first one that stays */
};

/* What runs, or is used, once the kernel has booted; not what tells of code: tables. */
static bool is_looked_at(const struct area *area)
{
	if (!(area->flags & SHF_ALLOC) || area->type != SHT_PROGBITS ||
	    str_starts(area->name, ".init") || str_starts(area->name, ".altinstr"))
		return false;
	return area->flags & SHF_EXECINSTR || str_starts(area->name, ".data") ||
	       str_starts(area->name, ".rodata");
}

static bool stays(const struct gone *gone, const char *name)
{
	const char *cold = strstr(name, ".cold");
	const char *const *left;

	if (cold)
		name = mem_strndup(name, (size_t)(cold - name));
	list_for_each(left, &gone->left) {
		if (!strcmp(*left, name))
			return false;
	}
	return true;
}

/* What is at a place of the kernel that refers to the function */
static void see_user(struct search *search, size_t area, uint64_t address)
{
	const struct image *image = search->image;
	size_t i;

	for (i = 0; i < image->nr_symbols && !search->user; i++) {
		const struct symbol *symbol = &image->symbols[i];

		if ((symbol->type != STT_FUNC && symbol->type != STT_OBJECT) ||
		    address < symbol->value || address - symbol->value >= symbol->size ||
		    (image->module && symbol->area != area))
			continue;
		if (stays(search->gone, symbol->name))
			search->user = symbol->name;
		return;
	}
}

/* ---- vmlinux: there are no relocations any more ---------------------------------------- */

/* Whether a distance at @at is that of a call, a jump or a lea. */
static bool is_relative(const unsigned char *code, size_t at)
{
	if (at < 2)
		return false;
	return code[at - 1] == 0xe8 || code[at - 1] == 0xe9 ||
	       (code[at - 2] == 0x0f && (code[at - 1] & 0xf0) == 0x80) ||
	       (code[at - 2] == 0x8d && (code[at - 1] & 0xc7) == 0x05);
}

static void search_code(struct search *search, const struct area *area, const struct bytes *bytes)
{
	uint32_t value, wanted = (uint32_t)search->address;
	uint32_t relative = wanted - (uint32_t)area->address - 4;
	size_t at;

	for (at = 0; at + 4 <= bytes->size && !search->user; at++) {
		memcpy(&value, bytes->at + at, sizeof(value));
		if (value == wanted ||
		    (value == relative - (uint32_t)at && is_relative(bytes->at, at)))
			see_user(search, 0, area->address + at);
	}
}

static void search_data(struct search *search, const struct area *area, const struct bytes *bytes)
{
	uint64_t value;
	size_t at;

	for (at = 0; at + 8 <= bytes->size && !search->user; at += 8) {
		memcpy(&value, bytes->at + at, sizeof(value));
		if (value == search->address)
			see_user(search, 0, area->address + at);
	}
}

static void search_vmlinux(struct search *search, const struct area *area)
{
	struct bytes bytes = image_contents(search->image, area);

	if (area->flags & SHF_EXECINSTR)
		search_code(search, area, &bytes);
	else
		search_data(search, area, &bytes);
}

/* ---- Modules --------------------------------------------------------------------------- */

static void see_reloc(const struct reloc *reloc, void *arg)
{
	struct search *search = arg;

	if (!search->user && !strcmp(reloc->symbol->name, search->removed->name))
		see_user(search, (size_t)(search->area - search->image->areas), reloc->offset);
}

/* ---- Both ------------------------------------------------------------------------------ */

static const char *find_user(const struct kernel *kernel, const struct gone *gone,
			     const struct removed *removed)
{
	struct search search = { .removed = removed, .gone = gone };
	struct place place;
	const char *why;
	size_t i;

	search.image = kernel_image(kernel, removed->object);
	if (!search.image ||
	    (!kernel_find(kernel, removed->object, NULL, removed->name, NULL, &place, &why) &&
	     !place.size))
		return NULL;
	search.address = place.address;
	for (i = 1; i < search.image->nr_areas && !search.user; i++) {
		search.area = &search.image->areas[i];
		if (!is_looked_at(search.area))
			continue;
		if (search.image->module)
			image_relocs(search.image, search.area, see_reloc, &search);
		else
			search_vmlinux(&search, search.area);
	}
	return search.user;
}

void removed_check(const struct kernel *kernel, const struct gone *gone,
		   struct refusals *refusals)
{
	const struct removed *removed;
	const char *user;

	list_for_each(removed, &gone->removed) {
		user = find_user(kernel, gone, removed);
		if (!user)
			continue;
		refuse(refusals, &(struct refusal){
			.class = "removed", .file = removed->source,
			.what = mem_printf("function %s()", removed->name),
			.why = mem_printf("is removed, but %s of the kernel uses it, and stays",
					  user),
			.advice = "keep it where it is, or change all that use it by the same diff",
		});
	}
}
