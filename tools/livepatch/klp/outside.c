// SPDX-License-Identifier: GPL-2.0
/*
 * What the module refers to in the running kernel, and by which name.
 *
 * A global symbol keeps its name: objtool knows some of them.  A local one may be called
 * like another one of another file, so its name says at once which one it is.  So does
 * that of an export for a namespace: modpost would want the namespace imported.
 */
#include "object.h"

/* Each module has its own; the patch module's must not stand for the patched one's. */
static bool in_every_module(const char *name)
{
	return !strcmp(name, "__this_module") || !strcmp(name, "init_module") ||
	       !strcmp(name, "cleanup_module");
}

static void find_local(struct work *work, struct outside *outside)
{
	const struct diff *diff = work->diff;

	outside->known = kernel_find(diff->kernel, diff->object, diff->source, outside->name,
				     work->near, &outside->place, &outside->why);
}

static bool is_beside(const struct diff *diff, const char *name)
{
	const char *const *at;

	for (at = diff->beside; at && *at; at++) {
		if (!strcmp(*at, name))
			return true;
	}
	return false;
}

static void find_global(struct work *work, struct outside *outside)
{
	const struct diff *diff = work->diff;
	const char *owner = kernel_export(diff->kernel, outside->name);

	outside->restricted = owner && kernel_export_namespace(diff->kernel, outside->name);
	if (is_beside(diff, outside->name) ||
	    (owner && !strcmp(owner, KLP_VMLINUX) && !outside->restricted)) {
		outside->exported = outside->known = true;
		return;
	}
	outside->known = kernel_find(diff->kernel, owner ? owner : diff->object, NULL,
				     outside->name, work->near, &outside->place, &outside->why);
	if (!outside->known && !owner && strcmp(diff->object, KLP_VMLINUX))
		outside->known = kernel_find(diff->kernel, KLP_VMLINUX, NULL, outside->name,
					     work->near, &outside->place, &outside->why);
}

static void name_exactly(struct outside *outside)
{
	outside->symbol = mem_printf(".klp.sym.%s.%s,%lu", outside->place.object,
				     outside->place.name, outside->place.pos);
}

static struct outside *find(struct work *work, const char *name, bool local)
{
	const char *key = mem_printf("%c%s", local ? 'l' : 'g', name);
	struct outside *outside = names_get(work->outsides, key);

	if (outside)
		return outside;
	outside = mem_alloc(sizeof(*outside));
	outside->name = outside->symbol = name;
	outside->local = local;
	if (local)
		find_local(work, outside);
	else
		find_global(work, outside);
	if (outside->known && (local || outside->restricted || in_every_module(name)))
		name_exactly(outside);
	names_set(work->outsides, key, outside);
	return outside;
}

/* The original of a unit */
struct outside *outside_unit(struct work *work, const struct unit *after)
{
	const struct unit *before = after->twin;

	if (!before->symbol) {
		struct outside *nameless = mem_alloc(sizeof(*nameless));

		nameless->name = nameless->symbol = before->name;
		nameless->why = "has no name";
		return nameless;
	}
	return find(work, before->name, unit_local(before));
}

struct outside *outside_find(struct work *work, const struct reloc *reloc)
{
	if (reloc->unit)
		return outside_unit(work, reloc->unit);
	return find(work, reloc->symbol->name, false);
}

struct outside *outside_global(struct work *work, const char *name)
{
	return find(work, name, false);
}

/* Another symbol of the module is called like it. */
void outside_rename(struct work *work, struct outside *outside)
{
	const struct diff *diff = work->diff;

	if (outside->exported)
		outside->known = kernel_find(diff->kernel, KLP_VMLINUX, NULL, outside->name,
					     work->near, &outside->place, &outside->why);
	outside->exported = false;
	if (outside->known)
		name_exactly(outside);
}
