// SPDX-License-Identifier: GPL-2.0
/*
 * What has to come along with what changed, and what stays the running kernel's.
 */
#include "object.h"

/* A function that is replaced or copied is called directly; its address stays the original's. */
static enum reach function_reach(const struct unit *from, const struct reloc *reloc)
{
	const struct unit *to = reloc->unit;

	if (to != from && !to->changed)
		return REACH_KERNEL;
	return reloc->branch || reloc->target ? REACH_UNIT : REACH_KERNEL;
}

/* struct lock_class_key without lockdep; not the assembler's mark of an end */
static bool is_empty(const struct unit *unit)
{
	return !unit_size(unit) && unit->symbol && unit->symbol->type == STT_OBJECT;
}

enum reach reference_reach(const struct unit *from, const struct reloc *reloc)
{
	const struct unit *to = reloc->unit;

	if (reloc->literal)
		return REACH_LITERAL;
	if (!to)
		return REACH_KERNEL;
	if (!to->twin || to->copied || to->parent || unit_literal(to))
		return REACH_UNIT;
	if (to->code)
		return function_reach(from, reloc);
	/* nobody can tell such copies from the original, and names of it are not reliable */
	if (is_empty(to) || (!unit_writable(to) && unit_numbered(to) && !to->nr))
		return REACH_UNIT;
	return REACH_KERNEL;
}

/* An entry describes its owner's new code, though it be by address. */
enum reach entry_reach(const struct unit *owner, const struct reloc *reloc)
{
	return reloc->unit == owner ? REACH_UNIT : reference_reach(owner, reloc);
}

/* Static variables of macros, which count or name what was told: they may begin anew. */
static bool is_macros_own(const struct unit *unit)
{
	static const char *const stems[] = {
		"__already_done", "__UNIQUE_ID_ddebug", "___done", "___once_key", "__once",
		"__warned", "__print_once", "_rs", "__key", "__func__", "__PRETTY_FUNCTION__",
		"descriptor", "_entry", "_entry_ptr", "_alloc_tag", "_alloc_tag_cntr", "__msg",
		"CSWTCH",
	};

	for (size_t i = 0; i < ARRAY_SIZE(stems); i++) {
		if (!strcmp(unit->stem, stems[i]))
			return true;
	}
	return false;
}

static void check_included(struct work *work, const struct unit *unit)
{
	if (unit->unknown && unit->section->units.nr > 1)
		refuse_unit(work, unit, "asm", "has instructions or jumps that klp does not know",
			    "leave it as it is, and change the functions that call it");
	if (unit->ambiguous && !unit->twin && unit_writable(unit) && !is_macros_own(unit))
		refuse_unit(work, unit, "static",
			    "is a static variable, and it is not clear which one of the original it is",
			    "give it a name that is used once in the file");
	if (!unit->twin && !strcmp(unit->section->name, ".static_call.text"))
		refuse_unit(work, unit, "static_call", "is a new static call",
			    "use a function pointer instead");
	if (!unit->twin && unit_init(unit) && !unit->parent)
		refuse_unit(work, unit, "init", "is new, and gone when the module is loaded",
			    "do not mark it __init or __initdata");
}

static void include(struct work *work, struct unit *unit, const char *why)
{
	if (unit->included)
		return;
	unit->included = true;
	if (!unit->why)
		unit->why = why;
	*list_add(&work->included) = unit;
	check_included(work, unit);
	if (!unit->twin && unit->symbol && !unit->parent && !is_macros_own(unit))
		*list_add(&work->diff->added) = unit->name;
}

/*
 * static_call() in a module needs the key; objtool finds it by its name, though nothing
 * but its trampoline is referred to.
 */
static void need_static_call(struct work *work, struct unit *from, const struct outside *trampoline)
{
	struct outside *key;

	if (!trampoline->exported && strcmp(trampoline->place.object, KLP_VMLINUX)) {
		refuse_unit(work, from, "static_call",
			    mem_printf("uses static call %s of module %s", trampoline->name + 7,
				       trampoline->place.object),
			    "use KLP_STATIC_CALL(), which calls by the pointer");
		return;
	}
	key = outside_global(work, mem_printf("__SCK__%s", trampoline->name + 7));
	if (key->known)
		*list_add(&work->keys) = key;
}

static void need_kernels(struct work *work, struct unit *from, const struct reloc *reloc)
{
	const struct outside *outside = outside_find(work, reloc);
	struct unit *to = reloc->unit;

	if (!outside->known && to && !to->code && unit_local(to) && !unit_writable(to)) {
		to->copied = true;
		include(work, to, "constants that the kernel has no name for");
	} else if (!outside->known && to) {
		refuse_unit(work, from, "symbol",
			    mem_printf("refers to %s, and the kernel's is not to be found: it %s",
				       to->name, outside->why ?: "is not there"),
			    "check that the source and the configuration are those of this kernel");
	} else if (outside->known && reloc->branch && str_starts(outside->name, "__SCT__")) {
		need_static_call(work, from, outside);
	}
}

static void need(struct work *work, struct unit *from, const struct reloc *reloc, enum reach reach)
{
	if (reloc->branch && reloc->unit && reloc->unit != from && arch_reloc_size(reloc->type) < 4)
		refuse_unit(work, from, "asm", "has a short jump into another function",
			    "leave it as it is");
	switch (reach) {
	case REACH_UNIT:
		include(work, reloc->unit, "new");
		break;
	case REACH_LITERAL:
		if (reloc->literal->role != ROLE_STRINGS && reloc->literal->role != ROLE_CONSTANTS)
			refuse_unit(work, from, "reference",
				    mem_printf("refers into section %s", reloc->literal->name),
				    "do without this reference");
		break;
	case REACH_KERNEL:
		need_kernels(work, from, reloc);
		break;
	}
}

/* A jump label is sorted to its key at loading: before a module's symbols are there */
static void check_key(struct work *work, struct unit *owner, const struct reloc *key)
{
	const struct outside *outside;

	if (entry_reach(owner, key) != REACH_KERNEL)
		return;
	outside = outside_find(work, key);
	if (outside->known && !outside->exported && strcmp(outside->place.object, KLP_VMLINUX))
		refuse_unit(work, owner, "static_key",
			    mem_printf("uses static key or tracepoint %s of module %s",
				       outside->name, outside->place.object),
			    "use static_key_enabled() for static_branch_...(), and no tracepoint");
}

static void need_entry(struct work *work, struct unit *owner, const struct entry *entry)
{
	const struct table *table = entry->section->table;
	const struct reloc *reloc = entry_relocs(entry);
	size_t nr = entry_has_replacement(entry) ? entry->nr : 1;

	if (table->flags & TABLE_UNFIXED)
		refuse_unit(work, owner, "runtime_const",
			    mem_printf("uses a constant set at boot, but not in modules (%s)",
				       entry->section->name),
			    "leave it as it is, and change the functions that call it");
	if (!(table->flags & TABLE_CARRIED))
		return;
	for (size_t i = 0; i < nr; i++, reloc++)
		need(work, owner, reloc, entry_reach(owner, reloc));
	if (table->flags & TABLE_KEY && entry->nr == 3)
		check_key(work, owner, &entry_relocs(entry)[2]);
}

static void need_unit(struct work *work, struct unit *unit)
{
	const struct entry *entry;

	for (size_t i = 0; i < unit->nr; i++) {
		const struct reloc *reloc = &unit_relocs(unit)[i];

		need(work, unit, reloc, reference_reach(unit, reloc));
	}
	list_for_each(entry, &unit->entries)
		need_entry(work, unit, entry);
}

static void replace(struct work *work, struct unit *unit)
{
	struct diff *diff = work->diff;
	struct outside *original = outside_unit(work, unit);
	struct change *changed;

	if (original->exported)
		outside_rename(work, original);
	if (!original->known)
		refuse_unit(work, unit, "symbol", "changed, but the kernel's is not to be found",
			    "check that the source and the configuration are those of this kernel");
	changed = list_add(&diff->changes);
	changed->place = original->place;
	changed->alias = mem_printf("klp_new_%u_%zu", diff->index, diff->changes.nr - 1);
	changed->source = source_line(diff->after, unit->name, &changed->line);
	if (!changed->source || changed->source[0] == '/')
		changed->source = diff->source;
	changed->why = unit->why;
	*list_add(&work->aliases) = (struct alias){ changed->alias, unit };
	include(work, unit, NULL);
}

static const char *declared_kind(const char *name)
{
	static const struct {
		const char *prefix, *kind;
	} kinds[] = {
		{ "__klp_pre_patch_callback_",		"pre_patch" },
		{ "__klp_post_patch_callback_",		"post_patch" },
		{ "__klp_pre_unpatch_callback_",	"pre_unpatch" },
		{ "__klp_post_unpatch_callback_",	"post_unpatch" },
		{ "__klp_state_",			"state" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (str_starts(name, kinds[i].prefix))
			return kinds[i].kind;
	}
	return NULL;
}

static void declare_unit(struct work *work, struct unit *unit, const char *kind)
{
	struct diff *diff = work->diff;
	struct declaration *declaration = list_add(&diff->declarations);

	declaration->object = diff->object;
	declaration->kind = kind;
	declaration->alias = mem_printf("klp_cb_%u_%zu", diff->index, diff->declarations.nr - 1);
	include(work, unit, kind);
	*list_add(&work->aliases) = (struct alias){ declaration->alias, unit };
}

static void declare(struct work *work, const struct symbol *symbol)
{
	const char *kind = declared_kind(symbol->name);
	const struct reloc *reloc;

	list_for_each(reloc, &symbol->section->relocs) {
		if (kind && reloc->offset == symbol->value && reloc->unit)
			declare_unit(work, reloc->unit, kind);
	}
}

static void select_declared(struct work *work)
{
	for (size_t i = 1; i < work->after->nr_symbols; i++) {
		const struct symbol *symbol = &work->after->symbols[i];

		if (symbol->section && symbol->section->role == ROLE_DECLARED)
			declare(work, symbol);
	}
}

/*
 * The key of a module's pr_debug() would be missing when the patch is loaded: it gets a
 * descriptor of its own, which debugfs shows under the patch's name.
 */
static void copy_descriptors(struct work *work)
{
	struct unit **unit;

	if (!strcmp(work->diff->object, KLP_VMLINUX))
		return;
	list_for_each(unit, &work->after->units) {
		if (section_copies((*unit)->section))
			(*unit)->copied = true;
	}
}

/* "foo" is the source's name of foo.constprop.0, too. */
static bool is_of_function(const struct unit *unit, const char *name)
{
	size_t size = strcspn(unit->name, ".");

	return unit->code && strlen(name) == size && !strncmp(name, unit->name, size);
}

static bool prints_in_included(const struct work *work, const struct reloc *function)
{
	const char *name;
	struct unit **unit;
	const struct section *text = function->literal;
	int64_t at = function->target;

	if (function->unit) {
		text = function->unit->section;
		at += (int64_t)function->unit->origin;
	}
	name = text ? literal_string(text, at) : NULL;
	list_for_each(unit, &work->included) {
		if (name && is_of_function(*unit, name))
			return true;
	}
	return false;
}

/* .printk_index: addresses of struct pi_entry { fmt, func, file, line, ... } */
static void select_printk_index(struct work *work, const struct section *section)
{
	const struct reloc *reloc;

	list_for_each(reloc, &section->relocs) {
		const struct unit *entry = reloc->unit;

		for (size_t i = 0; entry && i < entry->nr; i++) {
			const struct reloc *function = &unit_relocs(entry)[i];

			if (function->offset != entry->origin + 8 ||
			    !prints_in_included(work, function))
				continue;
			*list_add(&work->printed) = reloc;
			reloc->unit->copied = true;
			include(work, reloc->unit, "index of printk()");
		}
	}
}

static void select_tables(struct work *work)
{
	for (size_t i = 1; i < work->after->nr_sections; i++) {
		if (work->after->sections[i].role == ROLE_PRINTK)
			select_printk_index(work, &work->after->sections[i]);
	}
}

/* What this object brings for others of the patch; one copy of a variable is enough. */
static void share(struct work *work, struct symbol *symbol)
{
	struct unit *unit = symbol->unit;

	if (unit->twin && !unit->code) {
		refuse_unit(work, unit, "static",
			    "was static, and other files use it now: there would be two of it",
			    "add a function to this file that does what the others want of it");
		return;
	}
	unit->shared = true;
	if (unit->twin && !unit->changed)
		unit->copied = true;
	include(work, unit, "used by another file");
	if (strcmp(unit->name, symbol->name))
		*list_add(&work->aliases) = (struct alias){ symbol->name, unit };
}

static void select_wanted(struct work *work)
{
	const char *const *name;

	for (name = work->diff->wanted; name && *name; name++) {
		for (size_t i = 1; i < work->after->nr_symbols; i++) {
			struct symbol *symbol = &work->after->symbols[i];

			if (symbol->bind != STB_LOCAL && symbol->unit &&
			    !strcmp(symbol->name, *name))
				share(work, symbol);
		}
	}
}

void units_select(struct work *work)
{
	struct unit **unit;
	size_t done = 0;

	copy_descriptors(work);
	list_for_each(unit, &work->after->units) {
		if ((*unit)->changed && (*unit)->code && (*unit)->twin && !(*unit)->copied &&
		    !(*unit)->parent)
			replace(work, *unit);
	}
	select_declared(work);
	select_wanted(work);
	while (done < work->included.nr)
		need_unit(work, work->included.at[done++]);
	select_tables(work);
	while (done < work->included.nr)
		need_unit(work, work->included.at[done++]);
}
