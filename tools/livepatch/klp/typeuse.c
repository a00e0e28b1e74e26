// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a type is private to functions that are replaced: then nobody else can hold
 * data of it, and its layout may change.
 *
 * Only local variables that are the thing itself count.  Behind a pointer there may be
 * anybody's data, and a type without any user is used where DWARF does not tell: in casts.
 */
#include "layout.h"

#define DEPTH_MAX	32

struct query {
	const struct unit_types *unit;
	bool (*replaced)(const char *function, void *arg);
	void *arg;
};

static bool is_static(Dwarf_Die *variable)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t nr;

	if (dwarf_hasattr(variable, DW_AT_external))
		return true;
	if (!dwarf_attr(variable, DW_AT_location, &attr))
		return false;
	return !dwarf_getlocation(&attr, &ops, &nr) && nr && ops[0].atom == DW_OP_addr;
}

/* All code of a function: its own, and where it was inlined. */
static bool is_replaced(const struct query *query, size_t index)
{
	const struct function *function = &query->unit->functions.at[index], *into;
	const struct inlined *inlined;

	if (!index)
		return false;
	if (function->has_code && (!function->name || !query->replaced(function->name, query->arg)))
		return false;
	list_for_each(inlined, &query->unit->inlined) {
		if (inlined->origin != function->die)
			continue;
		into = &query->unit->functions.at[inlined->into];
		if (!into->name || !query->replaced(into->name, query->arg))
			return false;
	}
	return true;
}

static bool uses_private(const struct query *query, Dwarf_Off type, int depth, size_t *nr);

static bool use_private(const struct query *query, struct use *use, int depth, size_t *nr)
{
	switch (dwarf_tag(&use->die)) {
	case DW_TAG_variable:
		++*nr;
		return !is_static(&use->die) && is_replaced(query, use->function);
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
	case DW_TAG_array_type:
		return uses_private(query, dwarf_dieoffset(&use->die), depth + 1, nr);
	}
	return false;
}

static bool uses_private(const struct query *query, Dwarf_Off type, int depth, size_t *nr)
{
	struct use *use;

	list_for_each(use, &query->unit->uses)
		if (use->type == type && (depth > DEPTH_MAX || !use_private(query, use, depth, nr)))
			return false;
	return true;
}

bool type_is_private(const struct unit_types *unit, const struct type *type,
		     bool (*replaced)(const char *function, void *arg), void *arg)
{
	struct query query = { unit, replaced, arg };
	Dwarf_Die die = type->die;
	size_t nr = 0;

	return uses_private(&query, dwarf_dieoffset(&die), 0, &nr) && nr;
}
