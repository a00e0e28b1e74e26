// SPDX-License-Identifier: GPL-2.0
/*
 * What the objects of one patch bring for each other.
 *
 * Objects are compared one by one.  A function that a diff adds to one file and calls in
 * another is in no kernel, so it has to be told beforehand who brings it.
 */
#include "elffile.h"
#include "share.h"

struct shared {
	struct pair *pair;
	struct names *defined, *undefined;	/* global symbols of the object after */
	LIST(const char *) fresh;		/* defined, and not so before */
	LIST(const char *) wanted, beside;
};

static bool is_global(const GElf_Sym *symbol)
{
	return GELF_ST_BIND(symbol->st_info) != STB_LOCAL;
}

static void read_globals(const char *path, struct names *defined, struct names *undefined)
{
	struct elf_file file;
	const char *name;
	size_t i;

	elf_file_read(&file, path);
	for (i = 1; i < file.symbols; i++) {
		name = elf_symbol_name(&file, i);
		if (!is_global(elf_symbol(&file, i)) || !*name)
			continue;
		names_set(elf_symbol(&file, i)->st_shndx == SHN_UNDEF ? undefined : defined, name,
			  (void *)name);
	}
}

static void find_fresh(struct shared *shared)
{
	struct names *before = names_new(), *ignored = names_new();
	struct elf_file file;
	const char *name;
	size_t i;

	shared->defined = names_new();
	shared->undefined = names_new();
	if (shared->pair->before)
		read_globals(shared->pair->before, before, ignored);
	read_globals(shared->pair->after, shared->defined, shared->undefined);
	elf_file_read(&file, shared->pair->after);
	for (i = 1; i < file.symbols; i++) {
		name = elf_symbol_name(&file, i);
		if (names_get(shared->defined, name) && !names_get(before, name))
			*list_add(&shared->fresh) = name;
	}
}

static void connect(struct shared *from, struct shared *to)
{
	const char *const *name;

	list_for_each(name, &from->fresh) {
		if (!names_get(to->undefined, *name))
			continue;
		*list_add(&from->wanted) = *name;
		*list_add(&to->beside) = *name;
	}
}

void share_find(struct pairs *pairs)
{
	LIST(struct shared) all = { 0 };
	struct shared *one, *other;
	struct pair *pair;

	if (pairs->list.nr < 2)
		return;
	list_for_each(pair, &pairs->list) {
		if (pair->object)
			list_add(&all)->pair = pair;
	}
	list_for_each(one, &all)
		find_fresh(one);
	list_for_each(one, &all) {
		list_for_each(other, &all) {
			if (one != other)
				connect(one, other);
		}
	}
	list_for_each(one, &all) {
		*list_add(&one->wanted) = NULL;
		*list_add(&one->beside) = NULL;
		one->pair->wanted = one->wanted.at;
		one->pair->beside = one->beside.at;
	}
}
