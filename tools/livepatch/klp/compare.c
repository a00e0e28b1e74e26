// SPDX-License-Identifier: GPL-2.0
/*
 * What changed, by meaning: bytes that no relocation fills in, and what the relocations
 * refer to.  What changed spreads to those who cannot do without the new one.
 */
#include "object.h"

#define DEPTH_MAX	8	/* of literals that refer to literals */

static bool units_same(const struct unit *before, const struct unit *after, unsigned int depth);

static bool literals_same(const struct reloc *before, const struct reloc *after)
{
	const struct section *a = before->literal, *b = after->literal;
	const char *old, *new;
	uint64_t size = a->entsize;

	if (a->role != b->role)
		return false;
	if (a->role == ROLE_STRINGS) {
		old = literal_string(a, before->target);
		new = literal_string(b, after->target);
		return old && new && !strcmp(old, new);
	}
	if (a->role == ROLE_CONSTANTS)
		return size == b->entsize && a->data && b->data &&
		       !((uint64_t)before->target % size) && !((uint64_t)after->target % size) &&
		       !memcmp(a->data + before->target, b->data + after->target, size);
	return !strcmp(a->name, b->name) && before->target == after->target;
}

/* Constants may be the same without being known as twins: __func__.3, a jump table */
static bool contents_same(const struct unit *before, const struct unit *after, unsigned int depth)
{
	if (before->twin || after->twin || before->code != after->code || depth > DEPTH_MAX)
		return false;
	if (unit_writable(before) || unit_writable(after))
		return false;
	if (before->code && (before->symbol || after->symbol))
		return false;
	return units_same(before, after, depth);
}

static bool targets_same(const struct reloc *before, const struct reloc *after, unsigned int depth)
{
	if (before->target != after->target && !(before->literal && after->literal))
		return false;
	if (before->literal || after->literal)
		return before->literal && after->literal && literals_same(before, after);
	if (!before->unit && !after->unit)
		return !strcmp(before->symbol->name, after->symbol->name);
	if (!before->unit || !after->unit)
		return false;
	return before->unit->twin == after->unit ||
	       contents_same(before->unit, after->unit, depth + 1);
}

static bool relocs_same_at(const struct reloc *before, const struct reloc *after,
			   unsigned int depth)
{
	return arch_relocs_same(before->type, after->type) && before->bias == after->bias &&
	       targets_same(before, after, depth);
}

bool relocs_same(const struct reloc *before, const struct reloc *after)
{
	return relocs_same_at(before, after, 0);
}

static unsigned char byte_of(const struct unit *unit, uint64_t offset)
{
	return unit->section->data ? unit->section->data[unit->origin + offset] : 0;
}

static bool range_same(const struct unit *before, const struct unit *after,
		       uint64_t from, uint64_t to)
{
	const unsigned char *a = before->section->data, *b = after->section->data;

	if (from >= to || (!a && !b))
		return true;
	if (a && b && !memcmp(a + before->origin + from, b + after->origin + from, to - from))
		return true;
	for (; from < to; from++) {
		unsigned char mask = 0;

		unit_has_line(after, from, &mask);
		if ((byte_of(before, from) ^ byte_of(after, from)) & ~mask)
			return false;
	}
	return true;
}

/*
 * Whether the same code or data refers to something at the same places; padding at the
 * end does not count
 */
bool units_alike(const struct unit *before, const struct unit *after)
{
	const struct reloc *a = unit_relocs(before), *b = unit_relocs(after);
	uint64_t from = 0;

	if (unit_size(before) != unit_size(after) || before->nr != after->nr)
		return false;
	for (size_t i = 0; i < after->nr; i++) {
		uint64_t to = b[i].offset - after->origin;

		if (a[i].offset - before->origin != to || !arch_relocs_same(a[i].type, b[i].type) ||
		    !range_same(before, after, from, to))
			return false;
		from = to + arch_reloc_size(b[i].type);
	}
	return range_same(before, after, from, unit_size(after));
}

static bool units_same(const struct unit *before, const struct unit *after, unsigned int depth)
{
	const struct reloc *a = unit_relocs(before), *b = unit_relocs(after);

	if (unit_writable(before) != unit_writable(after) || !units_alike(before, after))
		return false;
	for (size_t i = 0; i < after->nr; i++) {
		if (!relocs_same_at(&a[i], &b[i], depth))
			return false;
	}
	return entries_same(before, after);
}

struct queue {
	LIST(struct unit *) units;
};

static void change(struct queue *queue, struct unit *unit, const char *why)
{
	if (unit->changed)
		return;
	unit->changed = true;
	unit->why = why;
	*list_add(&queue->units) = unit;
}

/* What refers to @unit takes the copy of the module; what has run for good need not. */
static void copy(struct queue *queue, struct unit *unit, const char *why)
{
	const struct use *use;

	unit->copied = true;
	list_for_each(use, &unit->users) {
		if (unit_init(use->by))
			continue;
		if (use->by->twin)
			change(queue, use->by, why);
		else if (!use->by->copied)
			copy(queue, use->by, why);
	}
}

static bool only_called(const struct unit *unit)
{
	const struct use *use;

	list_for_each(use, &unit->users) {
		if (!use->reloc->branch || !use->by->code)
			return false;
	}
	return unit->users.nr;
}

/* Constants that hold places inside a function are of no use for another one of it. */
static void spread_places(struct queue *queue, struct unit *function)
{
	const struct use *use;

	list_for_each(use, &function->users) {
		if (!use->by->code && use->by->twin && use->reloc->target)
			change(queue, use->by,
			       mem_printf("refers into %s, which changed", function->stem));
	}
}

/*
 * Operations and the like: who has taken the address of such a struct keeps it in an open
 * file or a device, longer than the module lives.
 */
bool unit_lent(const struct unit *unit)
{
	const struct reloc *reloc = unit_relocs(unit);

	for (size_t i = 0; unit->symbol && i < unit->nr; i++, reloc++) {
		const struct unit *to = reloc->unit;

		if (!reloc->literal && (!to || unit_writable(to) || (to->code && !reloc->target)))
			return true;
	}
	return false;
}

/*
 * Where a changed unit cannot be replaced in place, those who refer to it may be: of
 * constants that only this file knows, and of functions that it only calls.
 */
static void spread(struct queue *queue, struct unit *unit)
{
	if (unit->code)
		spread_places(queue, unit);
	if (unit->parent) {
		change(queue, unit->parent, unit->why);
	} else if (!unit->code) {
		if (section_copies(unit->section) ||
		    (unit_local(unit) && !unit_writable(unit) && !unit_lent(unit)))
			copy(queue, unit, mem_printf("uses %s, which changed", unit->stem));
	} else if (unit->twin && !unit_init(unit) && unit_local(unit) && unit->symbol &&
		   !unit_traceable(unit->twin) && only_called(unit)) {
		copy(queue, unit, mem_printf("calls %s, which changed and cannot be replaced",
					     unit->stem));
	}
}

void units_compare(struct object *before, struct object *after)
{
	struct queue queue = { 0 };
	struct unit **unit;

	(void)before;
	list_for_each(unit, &after->units) {
		if ((*unit)->twin && !units_same((*unit)->twin, *unit, 0))
			change(&queue, *unit, "changed");
	}
	for (size_t i = 0; i < queue.units.nr; i++)
		spread(&queue, queue.units.at[i]);
}
