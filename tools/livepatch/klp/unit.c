// SPDX-License-Identifier: GPL-2.0
/* Sections cut into units: which range belongs to which symbol. */
#include <ctype.h>

#include "object.h"

/* "foo.isra.0.cold" is "foo.isra.cold", "count.12" is "count": what a number stands for changes. */
const char *name_stem(const char *name)
{
	char *stem = mem_strdup(name), *to = stem;
	const char *at = name;

	while (*at) {
		size_t digits = *at == '.' ? strspn(at + 1, "0123456789") : 0;

		if (at != name && digits && (!at[1 + digits] || at[1 + digits] == '.'))
			at += 1 + digits;
		else
			*to++ = *at++;
	}
	if (str_starts(name, "__UNIQUE_ID_")) {
		while (to > stem && isdigit((unsigned char)to[-1]))
			to--;
	}
	*to = '\0';
	return strcmp(stem, name) ? stem : name;
}

bool unit_writable(const struct unit *unit)
{
	return !unit->code && unit->section->flags & SHF_WRITE;
}

bool unit_local(const struct unit *unit)
{
	return !unit->symbol || unit->symbol->bind == STB_LOCAL;
}

bool unit_init(const struct unit *unit)
{
	return str_starts(unit->section->name, ".init.") ||
	       str_starts(unit->section->name, ".meminit.") ||
	       (unit->parent && unit_init(unit->parent));
}

bool unit_exit(const struct unit *unit)
{
	return str_starts(unit->section->name, ".exit.") ||
	       (unit->parent && unit_exit(unit->parent));
}

/* Without a name that anyone could call it by; what it holds is all there is to it. */
bool unit_literal(const struct unit *unit)
{
	return !unit->symbol && (unit->code || !unit_writable(unit));
}

bool unit_traceable(const struct unit *unit)
{
	const struct reloc *reloc = unit_relocs(unit);
	uint64_t call;

	if (!unit->code || !unit->section->data)
		return false;
	call = arch_trace_call(unit->section->data + unit->origin, unit_size(unit));
	for (size_t i = 0; call && i < unit->nr; i++, reloc++) {
		if (reloc->offset == unit->origin + call)
			return !strcmp(reloc->symbol->name, "__fentry__");
	}
	return false;
}

static struct unit *add_unit(struct object *object, struct section *section, const char *name,
			     uint64_t start, uint64_t end)
{
	struct unit *unit = mem_alloc(sizeof(*unit));

	unit->name = name;
	unit->stem = name_stem(name);
	unit->section = section;
	unit->start = unit->origin = start;
	unit->end = end;
	unit->code = section->flags & SHF_EXECINSTR;
	*list_add(&section->units) = unit;
	*list_add(&object->units) = unit;
	return unit;
}

/* All of a section, where no symbol tells what is in it */
void unit_whole(struct object *object, struct section *section)
{
	if (section->size && !section->units.nr)
		add_unit(object, section, section->name, 0, section->size);
}

static bool makes_unit(const struct symbol *symbol)
{
	if (symbol->type == STT_FUNC || symbol->type == STT_OBJECT)
		return true;
	return symbol->type == STT_NOTYPE && (symbol->size || symbol->bind != STB_LOCAL);
}

static bool is_local(const struct symbol *symbol)
{
	return symbol->bind == STB_LOCAL;
}

/* By section and address; what is larger, and then what is global, names the unit. */
static int by_place(const void *left, const void *right)
{
	const struct symbol *a = *(struct symbol *const *)left, *b = *(struct symbol *const *)right;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	if (is_local(a) != is_local(b))
		return is_local(a) ? 1 : -1;
	return a < b ? -1 : 1;
}

/* Padding before each function, as the compiler tells: sorted addresses in a section. */
static int by_number(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

struct paddings {
	LIST(uint64_t) at;
};

static struct paddings *paddings_read(const struct object *object)
{
	struct paddings *paddings = mem_array(object->nr_sections, sizeof(*paddings));

	for (size_t i = 1; i < object->nr_sections; i++) {
		const struct section *section = &object->sections[i];
		const struct reloc *reloc;

		if (section->role != ROLE_PADDING)
			continue;
		list_for_each(reloc, &section->relocs) {
			const struct section *code = reloc->symbol->section;

			if (code)
				*list_add(&paddings[code->index].at) =
					reloc->symbol->value + (uint64_t)reloc->addend;
		}
	}
	for (size_t i = 1; i < object->nr_sections; i++) {
		if (paddings[i].at.nr)
			qsort(paddings[i].at.at, paddings[i].at.nr, sizeof(uint64_t), by_number);
	}
	return paddings;
}

/* Where the padding before @origin starts; not before @end, of the unit before it */
static uint64_t padding_before(const struct paddings *paddings, uint64_t end, uint64_t origin)
{
	const uint64_t *at;

	list_for_each(at, &paddings->at) {
		if (*at >= end && *at <= origin)
			return *at;
		if (*at > origin)
			break;
	}
	return origin;
}

static struct unit *unit_of_symbol(struct object *object, const struct paddings *paddings,
				   struct symbol *symbol, const struct symbol *next)
{
	struct section *section = symbol->section;
	struct unit *last = section->units.nr ? section->units.at[section->units.nr - 1] : NULL;
	uint64_t end = symbol->value + symbol->size, after = last ? last->end : 0;
	struct unit *unit;

	if (last && (symbol->value < last->end ||
		     (symbol->value == last->origin && symbol->size == unit_size(last))))
		return last;
	if (!symbol->size && (section->flags & SHF_EXECINSTR || symbol->type == STT_NOTYPE))
		end = next && next->section == section ? next->value : section->size;
	unit = add_unit(object, section, symbol->name, symbol->value, end);
	unit->symbol = symbol;
	if (unit->code)
		unit->start = padding_before(paddings, after, unit->origin);
	return unit;
}

/* A section with one symbol belongs to it as a whole, whatever is around it. */
static void widen(const struct section *section)
{
	struct unit *unit = section->units.nr == 1 ? section->units.at[0] : NULL;

	if (unit && unit->symbol && !unit->code && !unit->origin)
		unit->end = section->size;
}

static void cut_by_symbols(struct object *object)
{
	struct paddings *paddings = paddings_read(object);
	LIST(struct symbol *) symbols = { 0 };

	for (size_t i = 1; i < object->nr_symbols; i++) {
		struct symbol *symbol = &object->symbols[i];

		if (symbol->section && symbol->section->role == ROLE_UNITS && makes_unit(symbol))
			*list_add(&symbols) = symbol;
	}
	if (symbols.nr)
		qsort(symbols.at, symbols.nr, sizeof(*symbols.at), by_place);
	for (size_t i = 0; i < symbols.nr; i++) {
		struct symbol *symbol = symbols.at[i];

		symbol->unit = unit_of_symbol(object, &paddings[symbol->section->index], symbol,
					      i + 1 < symbols.nr ? symbols.at[i + 1] : NULL);
	}
}

/* Pieces are entered at their start only: where code or alternatives refer to them. */
static void cut_pieces(struct object *object, struct section *section)
{
	LIST(uint64_t) cuts = { 0 };

	*list_add(&cuts) = 0;
	for (size_t i = 1; i < object->nr_sections; i++) {
		const struct section *other = &object->sections[i];
		const struct reloc *reloc;

		if (other == section)
			continue;
		list_for_each(reloc, &other->relocs) {
			int64_t at;

			if (reloc->symbol->section != section)
				continue;
			at = reloc->addend + (int64_t)reloc->symbol->value;
			if (other->flags & SHF_EXECINSTR && arch_reloc_relative(reloc->type))
				at += (int64_t)arch_reloc_size(reloc->type);	/* a jump's */
			if (at > 0 && (uint64_t)at < section->size)
				*list_add(&cuts) = (uint64_t)at;
		}
	}
	qsort(cuts.at, cuts.nr, sizeof(*cuts.at), by_number);
	for (size_t i = 0; i < cuts.nr; i++) {
		uint64_t end = i + 1 < cuts.nr ? cuts.at[i + 1] : section->size;

		if (end > cuts.at[i])
			add_unit(object, section, section->name, cuts.at[i], end);
	}
}

void units_make(struct object *object)
{
	cut_by_symbols(object);
	for (size_t i = 1; i < object->nr_sections; i++) {
		struct section *section = &object->sections[i];

		if (section->role == ROLE_PIECES)
			cut_pieces(object, section);
		else if (section->role == ROLE_UNITS)
			unit_whole(object, section);
		widen(section);
	}
}

/* The unit at @offset: a datum's end is its own, and a section of one unit is all its. */
struct unit *unit_at(const struct section *section, int64_t offset)
{
	struct unit *best = NULL;
	size_t low = 0, high = section->units.nr;

	if (section->units.nr == 1)
		return section->units.at[0];
	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((int64_t)section->units.at[middle]->start <= offset) {
			best = section->units.at[middle];
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return best && offset <= (int64_t)best->end ? best : NULL;
}
