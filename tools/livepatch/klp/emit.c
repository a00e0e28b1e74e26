// SPDX-License-Identifier: GPL-2.0
/* The object of the patch module: a section per unit, and tables with what belongs to them. */
#include "object.h"

struct emitter {
	struct work *work;
	struct out out;
	struct names *tables;		/* output sections by name, where there is one of each */
	struct names *literals;		/* content to struct literal */
	struct names *defined;		/* names of symbols of the object */
	struct names *undefined;	/* and of those that are elsewhere */
};

struct literal {
	struct out_section *section;
	uint64_t offset;
};

static struct out_symbol *add_symbol(struct emitter *emitter, const char *name,
				     unsigned char bind, unsigned char type,
				     struct out_section *section)
{
	struct out_symbol *symbol = mem_alloc(sizeof(*symbol));

	symbol->name = name;
	symbol->bind = bind;
	symbol->type = type;
	symbol->section = section;
	*list_add(&emitter->out.symbols) = symbol;
	return symbol;
}

static struct out_section *add_section(struct emitter *emitter, const char *name,
				       const struct section *like)
{
	struct out_section *section = mem_alloc(sizeof(*section));

	section->name = name;
	section->type = like->type;
	section->flags = like->flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
	section->align = like->align;
	*list_add(&emitter->out.sections) = section;
	section->symbol = add_symbol(emitter, name, STB_LOCAL, STT_SECTION, section);
	return section;
}

static struct out_section *table_section(struct emitter *emitter, const char *name,
					 const struct section *like)
{
	struct out_section *section = names_get(emitter->tables, name);

	if (section)
		return section;
	section = add_section(emitter, name, like);
	names_set(emitter->tables, name, section);
	return section;
}

/* Room for @size bytes; they are zero unless there is @from. Return: where */
static uint64_t append(struct out_section *section, const void *from, uint64_t size, uint64_t align)
{
	uint64_t at = (section->size + align - 1) & ~(align - 1);

	if (section->type != SHT_NOBITS) {
		while (section->data.size < (from ? at : at + size))
			text_add_bytes(&section->data, "", 1);
		if (from)
			text_add_bytes(&section->data, from, size);
	}
	section->size = at + size;
	return at;
}

static const char *section_name(const struct unit *unit)
{
	const char *name = unit->section->name;

	if (!unit->code || unit->section->role == ROLE_PIECES)
		return name;
	return mem_printf(unit->parent ? ".text.unlikely.%s" : ".text.%s", unit->name);
}

static void define(struct emitter *emitter, const char *name, unsigned char bind,
		   const struct unit *unit)
{
	struct out_symbol *symbol;

	symbol = add_symbol(emitter, name, bind, unit->code ? STT_FUNC : STT_OBJECT, unit->out);
	symbol->value = unit->out_offset + unit->origin - unit->start;
	symbol->size = unit_size(unit);
	names_set(emitter->defined, name, symbol);
}

/*
 * What replaces a function is called like it, but nobody else may be linked to it; what
 * is new and global may be used by other objects of the patch.
 */
static void emit_unit(struct emitter *emitter, struct unit *unit)
{
	const struct section *from = unit->section;
	unsigned char bind = STB_LOCAL;

	if (from->role == ROLE_PIECES)
		unit->out = table_section(emitter, from->name, from);
	else
		unit->out = add_section(emitter, section_name(unit), from);
	unit->out_offset = append(unit->out, from->data ? from->data + unit->start : NULL,
				  unit->end - unit->start, 1);
	if (!unit->symbol)
		return;
	if (unit->shared || (!unit_local(unit) && !unit->twin))
		bind = unit->symbol->bind;
	define(emitter, unit->name, bind, unit);
}

static const struct literal *literal(struct emitter *emitter, const struct reloc *reloc)
{
	const struct section *from = reloc->literal;
	bool string = from->role == ROLE_STRINGS;
	uint64_t size = string ? strlen(literal_string(from, reloc->target)) + 1 : from->entsize;
	uint64_t at = (uint64_t)reloc->target / (string ? 1 : size) * (string ? 1 : size);
	const char *name = mem_printf(string ? ".rodata.klp.str1.%llu" : ".rodata.klp.cst%llu",
				      (unsigned long long)(string ? from->align : size));
	const char *key = string ? mem_printf("%s %s", name, (const char *)from->data + at) : NULL;
	struct literal *literal = key ? names_get(emitter->literals, key) : NULL;

	if (literal)
		return literal;
	literal = mem_alloc(sizeof(*literal));
	literal->section = table_section(emitter, name, from);
	literal->offset = append(literal->section, from->data + at, size, from->align);
	if (key)
		names_set(emitter->literals, key, literal);
	else
		literal->offset += (uint64_t)reloc->target - at;
	return literal;
}

static const struct out_symbol *undefined(struct emitter *emitter, struct outside *outside)
{
	struct out_symbol *symbol;
	struct reference *reference;

	if (outside->symbol == outside->name && names_get(emitter->defined, outside->name))
		outside_rename(emitter->work, outside);
	symbol = names_get(emitter->undefined, outside->symbol);
	if (symbol)
		return symbol;
	symbol = add_symbol(emitter, outside->symbol, STB_GLOBAL, STT_NOTYPE, NULL);
	names_set(emitter->undefined, outside->symbol, symbol);
	if (outside->known && !outside->exported && outside->symbol == outside->name) {
		reference = list_add(&emitter->work->diff->references);
		reference->symbol = outside->symbol;
		reference->place = outside->place;
		reference->object = emitter->work->diff->object;
	}
	return symbol;
}

static const struct out_symbol *function_symbol(struct emitter *emitter, const struct unit *unit)
{
	return names_get(emitter->defined, unit->name);
}

/*
 * objtool takes a jump to a function's symbol for a call, and one that counts from the
 * section for a jump inside of a function, to its cold part or back.
 */
static void point_to_unit(struct emitter *emitter, const struct reloc *reloc, struct out_rela *rela)
{
	const struct unit *to = reloc->unit;

	if (reloc->branch && !reloc->target && to->symbol && !to->parent) {
		rela->symbol = function_symbol(emitter, to);
		return;
	}
	rela->symbol = to->out->symbol;
	rela->addend += (int64_t)(to->out_offset + to->origin - to->start);
}

static void emit_reloc(struct emitter *emitter, struct out_section *section, uint64_t offset,
		       const struct reloc *reloc, enum reach reach)
{
	const struct literal *text;
	struct out_rela rela = {
		.offset = offset, .type = reloc->type, .addend = reloc->target + reloc->bias,
	};

	switch (reach) {
	case REACH_UNIT:
		point_to_unit(emitter, reloc, &rela);
		break;
	case REACH_LITERAL:
		text = literal(emitter, reloc);
		rela.symbol = text->section->symbol;
		rela.addend = (int64_t)text->offset + reloc->bias;
		break;
	case REACH_KERNEL:
		rela.symbol = undefined(emitter, outside_find(emitter->work, reloc));
		break;
	}
	*list_add(&section->relas) = rela;
}

static void emit_relocs(struct emitter *emitter, struct unit *unit)
{
	for (size_t i = 0; i < unit->nr; i++) {
		const struct reloc *reloc = &unit_relocs(unit)[i];

		emit_reloc(emitter, unit->out, unit->out_offset + reloc->offset - unit->start,
			   reloc, reference_reach(unit, reloc));
	}
}

static void emit_entries(struct emitter *emitter, const struct unit *unit)
{
	const struct entry *entry;

	list_for_each(entry, &unit->entries) {
		const struct section *from = entry->section;
		const struct reloc *reloc = entry_relocs(entry);
		size_t nr = entry_has_replacement(entry) ? entry->nr : 1;
		struct out_section *to;
		uint64_t at;

		if (!(from->table->flags & TABLE_CARRIED))
			continue;
		to = table_section(emitter, from->name, from);
		at = append(to, from->data + entry->offset, entry->size, 1);
		for (size_t i = 0; i < nr; i++, reloc++)
			emit_reloc(emitter, to, at + reloc->offset - entry->offset, reloc,
				   entry_reach(unit, reloc));
	}
}

static void emit_aliases(struct emitter *emitter)
{
	const struct alias *alias;

	list_for_each(alias, &emitter->work->aliases)
		define(emitter, alias->name, STB_GLOBAL, alias->unit);
}

static void emit_keys(struct emitter *emitter)
{
	struct outside **key;

	list_for_each(key, &emitter->work->keys)
		undefined(emitter, *key);
}

static void emit_printk_index(struct emitter *emitter)
{
	const struct reloc **at;

	list_for_each(at, &emitter->work->printed) {
		static const struct section index = {
			.type = SHT_PROGBITS, .flags = SHF_ALLOC | SHF_WRITE, .align = 8,
		};
		struct out_section *to = table_section(emitter, ".printk_index", &index);

		emit_reloc(emitter, to, append(to, NULL, 8, 8), *at, REACH_UNIT);
	}
}

void object_emit(struct work *work)
{
	static const struct section stack = { .type = SHT_PROGBITS, .align = 1 };
	struct emitter emitter = {
		.work = work, .tables = names_new(), .literals = names_new(),
		.defined = names_new(), .undefined = names_new(),
	};
	struct unit **unit;

	add_symbol(&emitter, path_base(work->diff->source), STB_LOCAL, STT_FILE, NULL);
	list_for_each(unit, &work->included)
		emit_unit(&emitter, *unit);
	emit_aliases(&emitter);
	list_for_each(unit, &work->included)
		emit_relocs(&emitter, *unit);
	list_for_each(unit, &work->included)
		emit_entries(&emitter, *unit);
	emit_keys(&emitter);
	emit_printk_index(&emitter);
	add_section(&emitter, ".note.GNU-stack", &stack);
	out_write(&emitter.out, work->diff->out);
}
