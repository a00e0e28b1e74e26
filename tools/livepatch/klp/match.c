// SPDX-License-Identifier: GPL-2.0
/*
 * Which unit before is which one after.
 *
 * Names tell, except for those that end with a number of the compiler's: "count.12" before
 * and "count.12" after may be static variables of two functions.  These are told by who
 * refers to them, and in which order.
 */
#include "object.h"

static void marry(struct unit *before, struct unit *after)
{
	before->twin = after;
	after->twin = before;
}

/* Names of code and of data are apart: a function does not become a variable. */
static const char *key_of(const struct unit *unit, const char *name)
{
	return mem_printf("%c%s", unit->code ? 'c' : 'd', name);
}

static struct names *names_of(const struct object *object, bool stems)
{
	struct names *names = names_new();

	for (size_t i = object->units.nr; i-- > 0;) {
		struct unit *unit = object->units.at[i];
		const char *key = key_of(unit, stems ? unit->stem : unit->name);

		if (unit->twin)
			continue;
		unit->same_name = names_get(names, key);
		names_set(names, key, unit);
	}
	return names;
}

bool units_may_match(const struct unit *before, const struct unit *after)
{
	return !before->twin && !after->twin && before->code == after->code &&
	       !strcmp(before->stem, after->stem) &&
	       (before->code || unit_size(before) == unit_size(after));
}

static bool by_name_alone(const struct unit *unit)
{
	return !unit_numbered(unit) && unit->section->role != ROLE_PIECES;
}

static void match_names(struct object *before, struct object *after)
{
	struct names *names = names_of(before, false);
	struct unit **unit, *other;

	list_for_each(unit, &after->units) {
		if (!by_name_alone(*unit))
			continue;
		for (other = names_get(names, key_of(*unit, (*unit)->name)); other;
		     other = other->same_name) {
			if (!other->twin) {
				marry(other, *unit);
				break;
			}
		}
	}
}

static size_t nr_same(const struct unit *unit)
{
	size_t nr = 0;

	for (; unit; unit = unit->same_name)
		nr++;
	return nr;
}

/* foo.isra.0, foo.part.1: there are as many before as after, or the numbers tell */
static void match_clones(struct object *before, struct object *after)
{
	struct names *old = names_of(before, true), *new = names_of(after, true);
	struct unit **unit, *a, *b;

	list_for_each(unit, &after->units) {
		const char *key = key_of(*unit, (*unit)->stem);

		if (!(*unit)->code || !unit_numbered(*unit) || (*unit)->twin)
			continue;
		a = names_get(old, key);
		b = names_get(new, key);
		if (b == *unit && nr_same(a) == nr_same(b)) {
			for (; a; a = a->same_name, b = b->same_name)
				marry(a, b);
			continue;
		}
		for (; a; a = a->same_name) {
			if (!a->twin && !strcmp(a->name, (*unit)->name)) {
				marry(a, *unit);
				break;
			}
		}
	}
}

static bool match_pair(const struct reloc *before, const struct reloc *after)
{
	if (!before->unit || !after->unit || after->unit->code ||
	    before->target != after->target || !units_may_match(before->unit, after->unit))
		return false;
	marry(before->unit, after->unit);
	return true;
}

/* Lists of references of what did not change: one by one */
static bool match_alike(const struct reloc *before, size_t nr_before,
			const struct reloc *after, size_t nr_after)
{
	bool found = false;

	if (nr_before != nr_after)
		return false;
	for (size_t i = 0; i < nr_after; i++)
		found |= match_pair(&before[i], &after[i]);
	return found;
}

/* Lists that differ: those that fit best, one by one */
static bool match_in_order(const struct reloc *before, size_t nr_before,
			   const struct reloc *after, size_t nr_after)
{
	struct unit_pair pair;
	bool found = false;

	while (relocs_align(before, nr_before, after, nr_after, &pair)) {
		marry(pair.before, pair.after);
		found = true;
	}
	return found;
}

typedef bool match_fn(const struct reloc *, size_t, const struct reloc *, size_t);

/* Jump labels and the like of a function refer to its static variables, too. */
static bool match_entries(const struct unit *before, const struct unit *after, match_fn *match)
{
	size_t nr = before->entries.nr < after->entries.nr ? before->entries.nr : after->entries.nr;
	bool found = false;

	for (size_t i = 0; i < nr; i++) {
		const struct entry *a = &before->entries.at[i], *b = &after->entries.at[i];

		if (a->section->table == b->section->table)
			found |= match(entry_relocs(a), a->nr, entry_relocs(b), b->nr);
	}
	return found;
}

static bool match_by_users(const struct object *after, match_fn *match)
{
	struct unit **unit;
	bool found = false;

	list_for_each(unit, &after->units) {
		const struct unit *b = *unit, *a = b->twin;

		if (!a || (match == match_alike && !units_alike(a, b)))
			continue;
		found |= match(unit_relocs(a), a->nr, unit_relocs(b), b->nr);
		found |= match_entries(a, b, match);
	}
	return found;
}

static bool has_user_without_twin(const struct unit *unit)
{
	const struct use *use;

	list_for_each(use, &unit->users) {
		if (!use->by->twin)
			return true;
	}
	return false;
}

/*
 * A variable that one function lost and another one has is the same only if it is the
 * function that moved: the compiler made it a part of its caller, or no longer does.
 */
static bool moved(const struct unit *before, const struct unit *after)
{
	return !unit_writable(after) || has_user_without_twin(before) ||
	       has_user_without_twin(after);
}

/* What is left: the only one of its stem on both sides is the same, others may be. */
static void match_rest(struct object *before, struct object *after, bool last)
{
	struct names *old = names_of(before, true), *new = names_of(after, true);
	struct unit **unit;

	list_for_each(unit, &after->units) {
		const char *key = key_of(*unit, (*unit)->stem);
		struct unit *a = names_get(old, key), *b = names_get(new, key);

		if ((*unit)->twin || (*unit)->section->role == ROLE_PIECES || !a || !b)
			continue;
		if (!a->same_name && !b->same_name && units_may_match(a, b) && moved(a, b))
			marry(a, b);
		else if (last)
			(*unit)->ambiguous = true;
	}
}

void units_match(struct object *before, struct object *after)
{
	match_names(before, after);
	match_clones(before, after);
	while (match_by_users(after, match_alike))
		;
	match_rest(before, after, false);
	while (match_by_users(after, match_in_order))
		match_by_users(after, match_alike);
	match_rest(before, after, true);
}
