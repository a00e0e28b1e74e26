// SPDX-License-Identifier: GPL-2.0
/* The steps from two object files to the one of the patch module. */
#include "object.h"

static const char **local_symbols(const struct object *object)
{
	const char **names = mem_array(object->nr_symbols + 1, sizeof(*names));
	size_t nr = 0;

	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct symbol *symbol = &object->symbols[i];

		if (symbol->bind == STB_LOCAL && symbol->section && symbol->name[0] &&
		    (symbol->type == STT_FUNC || symbol->type == STT_OBJECT))
			names[nr++] = symbol->name;
	}
	return names;
}

/* For removed_check(), which wants to know of all objects first. */
static void note_gone(struct work *work)
{
	struct diff *diff = work->diff;
	struct unit **at;

	list_for_each(at, &work->before->units) {
		struct unit *unit = *at;

		if (!unit->code || !unit->symbol || (unit->twin && !unit->twin->changed &&
						     !unit->twin->copied))
			continue;
		*list_add(&diff->gone->left) = unit->name;
		if (!unit->twin && unit->symbol->bind != STB_LOCAL && !unit_init(unit) &&
		    !unit_exit(unit) && !unit_overridden(work, unit))
			*list_add(&diff->gone->removed) = (struct removed){
				unit->name, diff->object, diff->source };
	}
}

bool diff_object(struct diff *diff)
{
	struct work work = { .diff = diff };

	work.before = object_read(diff->before);
	work.after = object_read(diff->after);
	work.near = local_symbols(work.before);
	work.outsides = names_new();
	units_match(work.before, work.after);
	units_compare(work.before, work.after);
	refuse_changes(&work);
	units_select(&work);
	if (diff->gone)
		note_gone(&work);
	if (diff->refusals.list.nr || !work.included.nr)
		return false;
	object_emit(&work);
	return true;
}
