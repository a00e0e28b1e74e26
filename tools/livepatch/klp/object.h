/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An object file as klp build compares it; private to object.c ... emit.c.
 *
 * A *unit* is a function or a datum: the range of one symbol in a section.  Offsets in a
 * unit count from its *origin*, the symbol's address; what is before it is padding that
 * the compiler put there for calls to be patched.
 */
#ifndef KLP_OBJECT_H
#define KLP_OBJECT_H

#include <gelf.h>

#include "arch.h"
#include "build.h"

struct unit;
struct out_section;

/* What a section is for us. */
enum role {
	ROLE_NONE,		/* says nothing about what runs */
	ROLE_UNITS,		/* code or data, cut into units */
	ROLE_PIECES,		/* code that other code jumps to, cut where it is entered */
	ROLE_STRINGS,		/* literals, told apart by their content */
	ROLE_CONSTANTS,		/* the same, all of one size */
	ROLE_TABLE,		/* entries that describe places in code */
	ROLE_REGISTRY,		/* entries that the kernel walks when it boots */
	ROLE_PADDING,		/* where the padding before each function starts */
	ROLE_PRINTK,		/* addresses of what describes each printk() */
	ROLE_DECLARED,		/* what macros of livepatch_helpers.h left for us */
};

enum {
	TABLE_COMPARED	= 1 << 0,	/* another entry makes another function */
	TABLE_CARRIED	= 1 << 1,	/* goes with its function into the module */
	TABLE_LINE	= 1 << 2,	/* __bug_table: ends with line and flags */
	TABLE_REPLACES	= 1 << 3,	/* .altinstructions: length of the replacement is last */
	TABLE_KEY	= 1 << 4,	/* __jump_table: the third reference is the key */
	TABLE_UNFIXED	= 1 << 5,	/* the kernel has no such table for modules */
};

/* A section that describes code. */
struct table {
	const char *name;		/* a '*' at the end stands for anything */
	unsigned int size;		/* of an entry; 0: as the references tell */
	unsigned int flags;
};

struct reloc {
	uint64_t offset;		/* in its section */
	uint32_t type;
	struct symbol *symbol;		/* as in the file */
	int64_t addend;			/* as in the file */
	int64_t bias;			/* of the addend, by the encoding: -4 for a call */
	bool branch;			/* of a direct call or jump */
	bool indexed;			/* a register is added */
	/* What it refers to: a unit, a place in a section of literals, else the symbol */
	struct unit *unit;
	struct section *literal;
	int64_t target;
};

struct section {
	const char *name;
	size_t index;
	uint32_t type;
	uint64_t flags, size, align, entsize;
	unsigned char *data;		/* a copy; NULL where the file has none: .bss */
	enum role role;
	const struct table *table;
	LIST(struct reloc) relocs;	/* by offset */
	LIST(struct unit *) units;	/* by address */
};

struct symbol {
	const char *name;
	uint64_t value, size;
	unsigned char type, bind;
	struct section *section;	/* NULL: defined elsewhere, or absolute */
	struct unit *unit;
};

/* An entry of a table, with the unit whose code it describes. */
struct entry {
	struct section *section;
	uint64_t offset, size;
	size_t first, nr;		/* its references, of the section's */
};

/* Who refers to a unit */
struct use {
	struct unit *by;
	const struct reloc *reloc;
};

struct unit {
	const char *name;
	const char *stem;		/* the name without the compiler's numbers */
	struct symbol *symbol;		/* NULL if it has none */
	struct section *section;
	uint64_t start, origin, end;
	bool code;
	bool unknown;			/* has an instruction that cannot be decoded */
	size_t first, nr;		/* its references, of the section's */
	LIST(struct entry) entries;
	LIST(struct use) users;
	struct unit *parent;		/* of foo.cold: foo */
	struct unit *twin;		/* the same in the other object */
	struct unit *same_name;		/* next of those that were called alike */
	bool ambiguous;			/* there may be a twin, but which? */
	bool changed;
	bool copied;			/* the module uses its own, the original stays */
	bool included;
	bool shared;			/* other objects of the patch use it */
	const char *why;		/* changed or included */
	struct out_section *out;	/* where it is in the emitted object */
	uint64_t out_offset;		/* of its start */
};

struct object {
	const char *path;
	struct section *sections;
	size_t nr_sections;
	struct symbol *symbols;
	size_t nr_symbols;
	LIST(struct unit *) units;
};

/* A name by which the generated source of the module reaches a unit */
struct alias {
	const char *name;
	struct unit *unit;
};

/* What is worked on, by all the steps. */
struct work {
	struct diff *diff;
	struct object *before, *after;
	const char **near;		/* local symbols of before, for kernel_find() */
	struct names *outsides;
	LIST(struct unit *) included;
	LIST(struct alias) aliases;
	LIST(struct outside *) keys;		/* that nothing refers to before objtool ran */
	LIST(const struct reloc *) printed;	/* of .printk_index */
};

/* object.c */
struct object *object_read(const char *path);
_Noreturn void object_broken(const struct object *object, const char *fmt, ...) __printf(2, 3);

/* unit.c */
void units_make(struct object *object);
void unit_whole(struct object *object, struct section *section);
struct unit *unit_at(const struct section *section, int64_t offset);
const char *name_stem(const char *name);

static inline uint64_t unit_size(const struct unit *unit)
{
	return unit->end - unit->origin;
}

static inline bool unit_numbered(const struct unit *unit)
{
	return unit->stem != unit->name;
}

static inline struct reloc *unit_relocs(const struct unit *unit)
{
	return unit->section->relocs.at + unit->first;
}

static inline struct reloc *entry_relocs(const struct entry *entry)
{
	return entry->section->relocs.at + entry->first;
}

bool unit_writable(const struct unit *unit);
bool unit_local(const struct unit *unit);
bool unit_init(const struct unit *unit);	/* gone when the kernel has booted */
bool unit_exit(const struct unit *unit);
bool unit_traceable(const struct unit *unit);
bool unit_literal(const struct unit *unit);	/* told apart by its content */

/* refer.c */
void references_resolve(struct object *object);
const char *literal_string(const struct section *section, int64_t offset);

/* special.c */
enum role section_role(const struct section *section, const struct table **table);
void tables_cut(struct object *object);
bool entries_same(const struct unit *before, const struct unit *after);
bool entry_has_replacement(const struct entry *entry);
bool unit_has_line(const struct unit *unit, uint64_t offset, unsigned char *mask);
bool section_copies(const struct section *section);

/* match.c */
void units_match(struct object *before, struct object *after);
bool units_may_match(const struct unit *before, const struct unit *after);

/* align.c */
struct unit_pair {
	struct unit *before, *after;
};

bool relocs_align(const struct reloc *before, size_t nr_before,
		  const struct reloc *after, size_t nr_after, struct unit_pair *best);

/* compare.c */
void units_compare(struct object *before, struct object *after);
bool unit_lent(const struct unit *unit);
bool units_alike(const struct unit *before, const struct unit *after);
bool relocs_same(const struct reloc *before, const struct reloc *after);

/* refuse.c */
void refuse_changes(struct work *work);
bool unit_overridden(struct work *work, const struct unit *before);
void refuse_unit(struct work *work, const struct unit *unit, const char *class,
		 const char *why, const char *advice);

/* line.c */
const char *source_line(const char *path, const char *name, unsigned int *line);
bool source_same(const char *before, const char *after, const char *name);

/* select.c */
enum reach {
	REACH_UNIT,		/* a unit of the module */
	REACH_LITERAL,		/* a literal of the module */
	REACH_KERNEL,		/* the running kernel's */
};

enum reach reference_reach(const struct unit *from, const struct reloc *reloc);
enum reach entry_reach(const struct unit *owner, const struct reloc *reloc);
void units_select(struct work *work);

/* outside.c */
struct outside {
	const char *name;		/* in the kernel */
	const char *symbol;		/* in the emitted object */
	struct place place;
	bool local;
	bool restricted;		/* exported for the modules of a namespace */
	bool exported;			/* by vmlinux, for any module; or by the patch */
	bool known;			/* the kernel has it, at @place unless @exported */
	const char *why;		/* not known */
};

struct outside *outside_find(struct work *work, const struct reloc *reloc);
struct outside *outside_unit(struct work *work, const struct unit *after);
struct outside *outside_global(struct work *work, const char *name);
void outside_rename(struct work *work, struct outside *outside);

/* emit.c */
void object_emit(struct work *work);

/* write.c */
struct out_symbol {
	const char *name;
	unsigned char bind, type;
	struct out_section *section;	/* NULL: not defined */
	uint64_t value, size;
	size_t index;
};

struct out_rela {
	uint64_t offset;
	uint32_t type;
	int64_t addend;
	const struct out_symbol *symbol;
};

struct out_section {
	const char *name;
	uint32_t type;
	uint64_t flags, align, entsize, size;
	struct text data;
	LIST(struct out_rela) relas;
	struct out_symbol *symbol;
	size_t index;
};

struct out {
	LIST(struct out_section *) sections;
	LIST(struct out_symbol *) symbols;
};

void out_write(struct out *out, const char *path);

#endif
