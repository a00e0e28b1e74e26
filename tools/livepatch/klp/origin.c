// SPDX-License-Identifier: GPL-2.0
/*
 * Which source file a static symbol of the built kernel comes from.
 *
 * The symbol table names source files without their directories, and a kernel has a dozen
 * called core.c.  They are told apart by their other static symbols, and by DWARF where
 * vmlinux has some.  Whoever patches the wrong one of two functions does harm: without a
 * proof there is no answer.
 *
 * One proof needs neither: the object file was made from the same source by the same
 * compiler, so what is static in it is in the kernel, and the only symbol of that name in
 * the kernel is that one.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>

#include "build.h"
#include "image.h"

struct unit {
	const char *name;		/* as the compiler was told: "fs/proc/meminfo.c" */
	Dwarf_Off die;
};

struct units {
	Dwarf *dwarf;			/* NULL: there is none */
	LIST(struct unit) list;
};

/* ---- DWARF ------------------------------------------------------------------------ */

static void read_units(struct units *units)
{
	Dwarf_Off at = 0, next;
	struct unit *unit;
	size_t header;
	Dwarf_Die die;

	while (!dwarf_nextcu(units->dwarf, at, &next, &header, NULL, NULL, NULL)) {
		if (dwarf_offdie(units->dwarf, at + header, &die) && dwarf_diename(&die)) {
			unit = list_add(&units->list);
			unit->name = dwarf_diename(&die);
			unit->die = at + header;
		}
		at = next;
	}
}

static int end_dwarf(void *dwarf)
{
	return dwarf_end(dwarf);
}

/* A module's addresses are not settled: its DWARF cannot be asked for them. */
static struct units *image_units(struct image *image)
{
	if (!image->units) {
		image->units = mem_alloc(sizeof(*image->units));
		if (!image->module)
			image->units->dwarf = dwarf_begin_elf(image->elf, DWARF_C_READ, NULL);
		if (image->units->dwarf) {
			image_end_later(image->units->dwarf, end_dwarf);
			read_units(image->units);
		}
	}
	return image->units;
}

/* Compilers are told "fs/a.c", "../fs/a.c" or "/usr/src/linux/fs/a.c". */
static bool is_source(const char *name, const char *source)
{
	size_t size = strlen(name), end = strlen(source);

	if (!str_ends(name, source))
		return false;
	return size == end || name[size - end - 1] == '/';
}

/* A longer path that ends the same is not meant where a unit is called exactly that. */
static bool is_exact_source(struct units *units, const char *source)
{
	struct unit *unit;

	list_for_each(unit, &units->list)
		if (!strcmp(unit->name, source))
			return true;
	return false;
}

enum says { SAYS_NOTHING, SAYS_NO, SAYS_YES };

static enum says unit_says(Dwarf_Die *die, const struct image *image, size_t group)
{
	const struct group *range = &image->groups.at[group];
	enum says says = SAYS_NOTHING;
	const struct symbol *symbol;
	size_t i;

	for (i = range->first; i < range->end; i++) {
		symbol = &image->symbols[i];
		if (symbol->group != group || symbol->type != STT_FUNC || !symbol->size)
			continue;
		if (dwarf_haspc(die, symbol->value) == 1)
			return SAYS_YES;
		says = SAYS_NO;
	}
	return says;
}

/* Whether a group is of @source; DWARF knows of code only. */
static enum says dwarf_says(struct image *image, const char *source, size_t group)
{
	struct units *units = image_units(image);
	bool exact = is_exact_source(units, source);
	enum says says = SAYS_NOTHING;
	struct unit *unit;
	Dwarf_Die die;

	list_for_each(unit, &units->list) {
		if (exact ? strcmp(unit->name, source) : !is_source(unit->name, source))
			continue;
		if (!dwarf_offdie(units->dwarf, unit->die, &die))
			continue;
		says = unit_says(&die, image, group);
		if (says == SAYS_YES)
			break;
	}
	return says;
}

/* ---- Neighbours ------------------------------------------------------------------- */

/* Names that a compiler numbers, or that linking the kernel leaves out. */
static bool may_be_missing(const char *name)
{
	static const char *const starts[] = {
		"__UNIQUE_ID_", "__addressable_", "__initcall_", "__exitcall_", "__ksymtab_",
		"__kstrtab", "__crc_", "__export_symbol_", "__func_stack_frame_non_standard_",
		"__pfx_", "__cfi_", "$",
	};
	size_t i;

	if (!*name || strchr(name, '.'))
		return true;
	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (str_starts(name, starts[i]))
			return true;
	return false;
}

static const struct symbol *in_group(const struct image *image, size_t group, const char *name,
				     size_t *found)
{
	const struct symbol *symbol = NULL;
	struct symbol **named;
	size_t nr, i;

	named = image_named(image, name, &nr);
	for (*found = 0, i = 0; i < nr; i++) {
		if (named[i]->group != group || named[i]->bind != STB_LOCAL)
			continue;
		symbol = named[i];
		++*found;
	}
	return symbol;
}

static bool has_neighbours(const struct image *image, size_t group, const char *const *near)
{
	size_t found;

	for (; near && *near; near++)
		if (!may_be_missing(*near) && !in_group(image, group, *near, &found))
			return false;
	return true;
}

/* ---- The answer ------------------------------------------------------------------- */

struct choice {
	const struct symbol *symbol;
	size_t nr;
};

/* A group that fits counts even if the symbol is not in it: then there is no proof. */
static void choose(struct choice *choice, const struct image *image, size_t group,
		   const char *name)
{
	const struct symbol *symbol;
	size_t found;

	symbol = in_group(image, group, name, &found);
	choice->nr += found > 1 ? found : 1;
	choice->symbol = symbol;
}

/* Why none of @files files that may be meant is, or has the symbol. */
static const char *undecided(struct image *image, const char *source, const char *name,
			     size_t files)
{
	const char *advice = image_units(image)->dwarf ? "" :
			     "; a vmlinux with debug information would";

	if (!files)
		return mem_printf("no symbol %s of %s is of a file %s with the same statics",
				  name, image->object, source);
	if (files == 1)
		return mem_printf("%s in %s has no symbol %s", source, image->object, name);
	return mem_printf("%s has several symbols %s of files %s, and nothing tells them apart%s",
			  image->object, name, path_base(source), advice);
}

/* Not which files have the symbol, but which file is meant: it must be one, and have it. */
static const struct symbol *one_of_many(struct image *image, const char *source, const char *name,
					const char *const *near, const char **why)
{
	struct choice fits = { 0 }, told = { 0 };
	enum says says;
	size_t group;

	for (group = 1; group < image->groups.nr; group++) {
		if (strcmp(image->groups.at[group].file, path_base(source)) ||
		    !has_neighbours(image, group, near))
			continue;
		says = dwarf_says(image, source, group);
		if (says != SAYS_NO)
			choose(&fits, image, group, name);
		if (says == SAYS_YES)
			choose(&told, image, group, name);
	}
	if (told.nr == 1 && told.symbol)
		return told.symbol;
	if (fits.nr == 1 && fits.symbol && !told.nr)
		return fits.symbol;
	*why = undecided(image, source, name, told.nr ? told.nr : fits.nr);
	return NULL;
}

static const struct symbol *the_only_one(const struct image *image, const struct symbol *symbol,
					 const char *source, const char **why)
{
	const char *file = image->groups.at[symbol->group].file;

	if (symbol->bind == STB_LOCAL && (!*file || !strcmp(file, path_base(source))))
		return symbol;
	*why = symbol->bind == STB_LOCAL ?
	       mem_printf("the only symbol %s of %s comes from %s", symbol->name, image->object,
			  file) :
	       mem_printf("%s is not static in %s", symbol->name, image->object);
	return NULL;
}

const struct symbol *origin_find(struct image *image, const char *source, const char *name,
				 const char *const *near, const char **why)
{
	struct symbol **named;
	size_t nr;

	named = image_named(image, name, &nr);
	if (nr == 1)
		return the_only_one(image, named[0], source, why);
	if (nr && image->groups.nr > 1)
		return one_of_many(image, source, name, near, why);
	*why = nr ? mem_printf("%s has %zu symbols %s, and does not say from which files%s",
			       image->object, nr, name,
			       image->module ? "; its debug package does" : "") :
		    mem_printf("%s has no symbol %s", image->object, name);
	return NULL;
}
