// SPDX-License-Identifier: GPL-2.0
/*
 * What references mean: branches that the assembler resolved become relocations again,
 * constants that the kernel fixes up become loads, and each relocation gets the unit or the
 * literal that it refers to.
 */
#include "object.h"

static int by_offset(const void *left, const void *right)
{
	const struct reloc *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void sort_relocs(struct object *object)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		struct section *section = &object->sections[i];

		if (section->relocs.nr)
			qsort(section->relocs.at, section->relocs.nr, sizeof(*section->relocs.at),
			      by_offset);
	}
}

/* The object need not refer to it otherwise. */
static struct symbol *symbol_called(struct object *object, const char *name)
{
	struct symbol *symbol;

	for (size_t i = 1; i < object->nr_symbols; i++) {
		if (!strcmp(object->symbols[i].name, name))
			return &object->symbols[i];
	}
	symbol = mem_alloc(sizeof(*symbol));
	symbol->name = name;
	symbol->bind = STB_GLOBAL;
	return symbol;
}

/* runtime_ptr_<variable>: 32-bit distances to constants in code */
static void load_constants(struct object *object, struct section *table)
{
	struct symbol *variable = symbol_called(object, table->name + strlen("runtime_ptr_"));
	size_t left = 0;

	for (size_t i = 0; i < table->relocs.nr; i++) {
		struct reloc *site = &table->relocs.at[i];
		struct section *code = site->symbol->section;
		uint64_t at = site->symbol->value + (uint64_t)site->addend;
		struct reloc load = { .symbol = variable, .addend = -4, .bias = -4 };

		if (!code || !code->data || !(code->flags & SHF_EXECINSTR) ||
		    !arch_load_constant(code->data, code->size, &at, &load.type)) {
			table->relocs.at[left++] = *site;
			continue;
		}
		load.offset = at;
		*list_add(&code->relocs) = load;
	}
	table->relocs.nr = left;
}

/* A direct branch out of @unit that has no relocation gets one. */
static void branch_out(struct section *section, struct unit *unit, uint64_t at,
		       const struct insn *insn)
{
	int64_t target = (int64_t)(at + insn->size) + insn->distance;
	const struct unit *to;
	struct reloc reloc = { .branch = true };

	if (target >= (int64_t)unit->start && target < (int64_t)unit->end)
		return;
	to = target >= 0 && target < (int64_t)section->size ? unit_at(section, target) : NULL;
	if (!to || to == unit || !to->symbol) {
		unit->unknown = true;
		return;
	}
	reloc.offset = at + insn->field;
	reloc.type = arch_reloc_branch(insn->field_size);
	reloc.symbol = to->symbol;
	reloc.bias = -(int64_t)(insn->size - insn->field);
	reloc.addend = target - (int64_t)to->symbol->value + reloc.bias;
	memset(section->data + reloc.offset, 0, insn->field_size);
	*list_add(&section->relocs) = reloc;
}

static void decode_insn(struct section *section, struct unit *unit, uint64_t at,
			const struct insn *insn, size_t *next, size_t nr)
{
	uint64_t end = at + insn->size;
	bool resolved = insn->field_size;

	while (*next < nr && section->relocs.at[*next].offset < end) {
		struct reloc *reloc = &section->relocs.at[(*next)++];

		if (reloc->offset < at)
			continue;
		if (arch_reloc_relative(reloc->type))
			reloc->bias = (int64_t)reloc->offset - (int64_t)end;
		if (insn->field_size && reloc->offset == at + insn->field) {
			reloc->branch = true;
			resolved = false;
		}
		reloc->indexed = insn->indexed && reloc->offset == at + insn->indexed;
	}
	if (resolved)
		branch_out(section, unit, at, insn);
}

/* An instruction that is not known is passed over byte by byte, until one is. */
static void decode_unit(struct section *section, struct unit *unit, size_t *next, size_t nr)
{
	uint64_t at = unit->origin;
	struct insn insn;

	while (*next < nr && section->relocs.at[*next].offset < at)
		(*next)++;
	while (at < unit->end) {
		if (arch_decode(section->data + at, unit->end - at, &insn)) {
			decode_insn(section, unit, at, &insn, next, nr);
			at += insn.size;
		} else {
			unit->unknown = true;
			at++;
		}
	}
}

static void decode_section(struct section *section)
{
	size_t next = 0, nr = section->relocs.nr;
	struct reloc *reloc;
	struct unit **unit;

	list_for_each(reloc, &section->relocs) {
		if (arch_reloc_relative(reloc->type))
			reloc->bias = -(int64_t)arch_reloc_size(reloc->type);
		reloc->branch = arch_reloc_call(reloc->type);
	}
	list_for_each(unit, &section->units)
		decode_unit(section, *unit, &next, nr);
	if (section->relocs.nr > nr)
		qsort(section->relocs.at, section->relocs.nr, sizeof(*section->relocs.at),
		      by_offset);
}

const char *literal_string(const struct section *section, int64_t offset)
{
	const char *text = (const char *)section->data;

	if (!text || offset < 0 || (uint64_t)offset >= section->size)
		return NULL;
	if (!memchr(text + offset, 0, section->size - (uint64_t)offset))
		return NULL;
	return text + offset;
}

static int64_t target_in_section(const struct reloc *reloc)
{
	return (int64_t)reloc->symbol->value + reloc->addend - reloc->bias;
}

static bool odd_literal(const struct section *section, const struct reloc *reloc)
{
	int64_t target = target_in_section(reloc);
	const char *text;

	if (reloc->indexed)
		return true;
	if (section->role == ROLE_CONSTANTS)
		return target < 0 || (uint64_t)target >= section->size ||
		       section->size % section->entsize;
	text = literal_string(section, target);
	return !text || (!*text && target && section->data[target - 1]);
}

/*
 * "table"[i - 1] may refer to the byte before the string.  Where there is such a reference,
 * or one that nobody can tell the meaning of, the section is one datum as a whole.
 */
static void keep_whole(struct object *object, const struct section *from)
{
	const struct reloc *reloc;

	list_for_each(reloc, &from->relocs) {
		struct section *to = reloc->symbol->section;

		if (to && (to->role == ROLE_STRINGS || to->role == ROLE_CONSTANTS) &&
		    odd_literal(to, reloc)) {
			to->role = ROLE_UNITS;
			unit_whole(object, to);
		}
	}
}

static void resolve(struct reloc *reloc)
{
	struct symbol *symbol = reloc->symbol;
	struct section *section = symbol->section;

	if (!section) {
		reloc->target = reloc->addend - reloc->bias;
		return;
	}
	reloc->target = target_in_section(reloc);
	if (section->role == ROLE_UNITS || section->role == ROLE_PIECES)
		reloc->unit = symbol->unit ? symbol->unit : unit_at(section, reloc->target);
	if (reloc->unit)
		reloc->target -= (int64_t)reloc->unit->origin;
	else
		reloc->literal = section;
}

static size_t first_reloc(const struct section *section, uint64_t offset)
{
	size_t low = 0, high = section->relocs.nr;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (section->relocs.at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void resolve_unit(struct unit *unit)
{
	struct reloc *reloc;

	unit->first = first_reloc(unit->section, unit->origin);
	unit->nr = first_reloc(unit->section, unit->end) - unit->first;
	reloc = unit_relocs(unit);
	for (size_t i = 0; i < unit->nr; i++, reloc++) {
		if (reloc->unit && reloc->unit != unit)
			*list_add(&reloc->unit->users) = (struct use){ unit, reloc };
	}
}

static struct unit *unit_called(const struct object *object, const char *name)
{
	struct unit **unit;

	list_for_each(unit, &object->units) {
		if ((*unit)->code && !strcmp((*unit)->name, name))
			return *unit;
	}
	return NULL;
}

/* "foo.cold" is what "foo" rarely does. */
static void find_parent(const struct object *object, struct unit *unit)
{
	const char *cold = unit->code ? strstr(unit->name, ".cold") : NULL;
	size_t size = cold ? (size_t)(cold - unit->name) : 0;

	if (size && (!cold[5] || cold[5] == '.'))
		unit->parent = unit_called(object, mem_strndup(unit->name, size));
	if (unit->parent == unit)
		unit->parent = NULL;
}

void references_resolve(struct object *object)
{
	struct unit **unit;

	for (size_t i = 1; i < object->nr_sections; i++) {
		if (str_starts(object->sections[i].name, "runtime_ptr_"))
			load_constants(object, &object->sections[i]);
	}
	sort_relocs(object);
	for (size_t i = 1; i < object->nr_sections; i++) {
		struct section *section = &object->sections[i];

		if (section->flags & SHF_EXECINSTR && section->data)
			decode_section(section);
	}
	for (size_t i = 1; i < object->nr_sections; i++)
		keep_whole(object, &object->sections[i]);
	for (size_t i = 1; i < object->nr_sections; i++) {
		struct reloc *reloc;

		list_for_each(reloc, &object->sections[i].relocs)
			resolve(reloc);
	}
	list_for_each(unit, &object->units) {
		resolve_unit(*unit);
		find_parent(object, *unit);
	}
}
