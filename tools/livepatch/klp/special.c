// SPDX-License-Identifier: GPL-2.0
/*
 * The sections that describe code: alternatives, jump labels, bug table, ...
 *
 * Each is a table of entries; the first reference of an entry is to the place in the
 * code that it describes, and so tells whose entry it is.
 */
#include "object.h"

#define COMPARED_AND_CARRIED (TABLE_COMPARED | TABLE_CARRIED)

static const struct table tables[] = {
	{ ".altinstructions",	14, COMPARED_AND_CARRIED | TABLE_REPLACES },
	{ ".parainstructions",	16, COMPARED_AND_CARRIED },
	{ ".smp_locks",		4,  COMPARED_AND_CARRIED },
	{ "__bug_table",	0,  COMPARED_AND_CARRIED | TABLE_LINE },
	{ "__ex_table",		12, COMPARED_AND_CARRIED },
	{ "__jump_table",	16, COMPARED_AND_CARRIED | TABLE_KEY },
	{ "__mcount_loc",	8,  TABLE_CARRIED },
	{ "_kprobe_blacklist",	8,  TABLE_CARRIED },
	{ "runtime_shift_*",	4,  TABLE_COMPARED | TABLE_UNFIXED },
	{ "runtime_ptr_*",	4,  TABLE_COMPARED | TABLE_UNFIXED },
	{ ".discard.*",		0,  TABLE_CARRIED },
};

static const struct {
	const char *name;
	enum role role;
} roles[] = {
	{ ".discard.klp_*",		ROLE_DECLARED },
	{ ".discard.addressable",	ROLE_NONE },
	{ "__patchable_function_entries", ROLE_PADDING },
	{ ".export_symbol",		ROLE_REGISTRY },
	{ "___ksymtab*",		ROLE_REGISTRY },
	{ "___kcrctab*",		ROLE_REGISTRY },
	{ ".initcall*",			ROLE_REGISTRY },
	{ ".con_initcall*",		ROLE_REGISTRY },
	{ "__tracepoints_ptrs",		ROLE_REGISTRY },
	{ ".static_call_tramp_key",	ROLE_REGISTRY },
	{ ".altinstr_replacement",	ROLE_PIECES },
	{ ".altinstr_aux",		ROLE_PIECES },
	{ ".printk_index",		ROLE_PRINTK },
	{ ".modinfo",			ROLE_NONE },
	{ ".comment",			ROLE_NONE },
	{ ".note*",			ROLE_NONE },
	{ ".eh_frame*",			ROLE_NONE },
	{ ".gnu*",			ROLE_NONE },
	{ ".BTF*",			ROLE_NONE },
	{ ".llvm*",			ROLE_NONE },
	/* objtool's, where it ran: it runs again on what we emit */
	{ ".orc_*",			ROLE_NONE },
	{ ".static_call_sites",		ROLE_NONE },
	{ ".retpoline_sites",		ROLE_NONE },
	{ ".return_sites",		ROLE_NONE },
	{ ".call_sites",		ROLE_NONE },
	{ ".ibt_endbr_seal",		ROLE_NONE },
	{ ".cfi_sites",			ROLE_NONE },
};

static bool name_fits(const char *name, const char *pattern)
{
	size_t size = strlen(pattern);

	if (pattern[size - 1] == '*')
		return !strncmp(name, pattern, size - 1);
	return !strcmp(name, pattern);
}

enum role section_role(const struct section *section, const struct table **table)
{
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (name_fits(section->name, roles[i].name))
			return roles[i].role;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (name_fits(section->name, tables[i].name)) {
			*table = &tables[i];
			return ROLE_TABLE;
		}
	}
	if (!(section->flags & SHF_ALLOC) ||
	    (section->type != SHT_PROGBITS && section->type != SHT_NOBITS))
		return ROLE_NONE;
	if (section->flags & SHF_STRINGS && section->entsize == 1)
		return ROLE_STRINGS;
	if (section->flags & SHF_MERGE && section->entsize)
		return ROLE_CONSTANTS;
	return ROLE_UNITS;
}

/*
 * Data that a module may have of its own, though it is writable: what the kernel finds
 * there by its section, for each module.
 */
bool section_copies(const struct section *section)
{
	return !strcmp(section->name, "__dyndbg") || !strcmp(section->name, "alloc_tags");
}

/* Where a line number is stored in a unit: bits that are not compared. */
bool unit_has_line(const struct unit *unit, uint64_t offset, unsigned char *mask)
{
	static const unsigned char lineno[] = { 0xff, 0xff, 0x03 };	/* of struct _ddebug */

	if (strcmp(unit->section->name, "__dyndbg") || offset < 32 || offset > 34)
		return false;
	*mask = lineno[offset - 32];
	return true;
}

static size_t references_to_code(const struct section *section)
{
	const struct reloc *reloc;
	size_t nr = 0;

	list_for_each(reloc, &section->relocs)
		nr += reloc->unit && reloc->unit->code;
	return nr;
}

/* All entries of such a table have one size, and refer to code once. */
static uint64_t entry_size(const struct object *object, const struct section *section)
{
	uint64_t size = section->table->size;
	size_t nr = references_to_code(section);

	if (!size && nr && !(section->size % nr))
		size = section->size / nr;
	if (!size || section->size % size)
		object_broken(object, "section %s: it is not clear how long an entry is",
			      section->name);
	return size;
}

static void cut_table(struct object *object, struct section *section)
{
	uint64_t size;
	size_t i = 0;

	if (!section->relocs.nr || !references_to_code(section))
		return;
	size = entry_size(object, section);
	while (i < section->relocs.nr) {
		struct unit *owner = section->relocs.at[i].unit;
		struct entry entry = { .section = section, .size = size, .first = i };

		entry.offset = section->relocs.at[i].offset / size * size;
		while (i < section->relocs.nr && section->relocs.at[i].offset - entry.offset < size)
			i++;
		entry.nr = i - entry.first;
		if (!owner || !owner->code)
			continue;
		*list_add(&owner->entries) = entry;
		for (size_t j = entry.first; j < i; j++) {
			const struct reloc *reloc = &section->relocs.at[j];

			if (reloc->unit && reloc->unit != owner)
				*list_add(&reloc->unit->users) = (struct use){ owner, reloc };
		}
	}
}

void tables_cut(struct object *object)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		if (object->sections[i].role == ROLE_TABLE)
			cut_table(object, &object->sections[i]);
	}
}

/* An alternative of nothing but nops has no replacement, and refers to any place. */
bool entry_has_replacement(const struct entry *entry)
{
	return !(entry->section->table->flags & TABLE_REPLACES) ||
	       entry->section->data[entry->offset + entry->size - 1];
}

static uint64_t compared_size(const struct entry *entry)
{
	/* u16 line, u16 flags; without CONFIG_DEBUG_BUGVERBOSE flags only, and 8 bytes */
	return entry->section->table->flags & TABLE_LINE && entry->size == 12 ? 8 : entry->size;
}

static bool flags_same(const struct entry *before, const struct entry *after)
{
	if (!(after->section->table->flags & TABLE_LINE) || after->size != 12)
		return true;
	return !memcmp(before->section->data + before->offset + 10,
		       after->section->data + after->offset + 10, 2);
}

static bool entry_bytes_same(const struct entry *before, const struct entry *after)
{
	const struct reloc *reloc = entry_relocs(after);
	uint64_t from = 0;

	for (size_t i = 0; i <= after->nr; i++, reloc++) {
		uint64_t to = i < after->nr ? reloc->offset - after->offset : compared_size(after);

		if (to > from && memcmp(before->section->data + before->offset + from,
					after->section->data + after->offset + from, to - from))
			return false;
		if (i < after->nr)
			from = to + arch_reloc_size(reloc->type);
	}
	return flags_same(before, after);
}

static bool entry_same(const struct entry *before, const struct entry *after)
{
	size_t nr = after->nr;

	if (strcmp(before->section->name, after->section->name) || before->nr != nr ||
	    before->size != after->size || !entry_bytes_same(before, after))
		return false;
	if (!entry_has_replacement(after))
		nr = 1;
	for (size_t i = 0; i < nr; i++) {
		const struct reloc *a = entry_relocs(before) + i, *b = entry_relocs(after) + i;

		if (a->offset - before->offset != b->offset - after->offset || !relocs_same(a, b))
			return false;
	}
	return true;
}

static const struct entry *next_compared(const struct unit *unit, const struct section *like,
					 size_t *at)
{
	while (*at < unit->entries.nr) {
		const struct entry *entry = &unit->entries.at[(*at)++];

		if (!(entry->section->table->flags & TABLE_COMPARED))
			continue;
		if (!like || !strcmp(entry->section->name, like->name))
			return entry;
	}
	return NULL;
}

static size_t nr_compared(const struct unit *unit)
{
	size_t at = 0, nr = 0;

	while (next_compared(unit, NULL, &at))
		nr++;
	return nr;
}

/*
 * Entries stand in the order of the code within each section; the sections may stand in
 * another order.
 */
bool entries_same(const struct unit *before, const struct unit *after)
{
	const struct entry *a, *b;
	const struct section *like = NULL;
	size_t at = 0, other = 0;

	if (nr_compared(before) != nr_compared(after))
		return false;
	while ((b = next_compared(after, NULL, &at))) {
		if (b->section != like)
			other = 0;
		like = b->section;
		a = next_compared(before, like, &other);
		if (!a || !entry_same(a, b))
			return false;
	}
	return true;
}
