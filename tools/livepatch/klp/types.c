// SPDX-License-Identifier: GPL-2.0
/*
 * Types whose layout changed.
 *
 * Data made before the patch stays as it was, and code that is not replaced goes on using
 * it; both know the old layout.  DWARF of the object before and after has all types that
 * its code uses.
 */
#include <elfutils/libdwfl.h>

#include "build.h"
#include "layout.h"

#define DEPTH_MAX	256

struct comparison {
	struct diff *diff;
	struct unit_types before, after;
	const char *comp_dir;		/* of the object after */
	LIST(Dwarf_Off) told;		/* enumerations */
	LIST(struct refusal) refusals;
};

struct walk {
	struct unit_types *unit;
	size_t function;
	int depth;
};

/* ---- Reading ---------------------------------------------------------------------- */

static const char *kind_of(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
		return "struct";
	case DW_TAG_union_type:
		return "union";
	case DW_TAG_enumeration_type:
		return "enum";
	case DW_TAG_typedef:
		return "typedef";
	case DW_TAG_enumerator:
		return "enumerator";
	}
	return NULL;
}

static void add_type(struct walk *walk, Dwarf_Die *die, Dwarf_Die *parent)
{
	const char *function = walk->unit->functions.at[walk->function].name;
	struct type *type = list_add(&walk->unit->types);

	type->kind = kind_of(die);
	type->name = dwarf_diename(die);
	type->function = function ? function : "";
	type->die = *die;
	type->parent = *parent;
}

static size_t add_function(struct walk *walk, Dwarf_Die *die)
{
	struct function *function = list_add(&walk->unit->functions);

	function->name = dwarf_diename(die);
	function->die = dwarf_dieoffset(die);
	function->has_code = dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
	return walk->unit->functions.nr - 1;
}

static void add_inlined(struct walk *walk, Dwarf_Die *die)
{
	struct inlined *inlined;
	Dwarf_Attribute attr;
	Dwarf_Die origin;

	if (!walk->unit->functions.at[walk->function].has_code)
		return;
	if (!dwarf_attr(die, DW_AT_abstract_origin, &attr) || !dwarf_formref_die(&attr, &origin))
		return;
	inlined = list_add(&walk->unit->inlined);
	inlined->origin = dwarf_dieoffset(&origin);
	inlined->into = walk->function;
}

static void add_use(struct walk *walk, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;
	struct use *use;

	if (!dwarf_attr(die, DW_AT_type, &attr) || !dwarf_formref_die(&attr, &type))
		return;
	use = list_add(&walk->unit->uses);
	use->type = dwarf_dieoffset(&type);
	use->die = *die;
	use->function = walk->function;
}

static void read_die(struct walk *walk, Dwarf_Die *die, Dwarf_Die *parent)
{
	int tag = dwarf_tag(die);

	add_use(walk, die);
	if (tag == DW_TAG_inlined_subroutine)
		add_inlined(walk, die);
	if (kind_of(die) && dwarf_diename(die) && !dwarf_hasattr(die, DW_AT_declaration))
		add_type(walk, die, parent);
}

static void read_children(const char *path, struct walk walk, Dwarf_Die *parent)
{
	Dwarf_Die child;

	if (++walk.depth > DEPTH_MAX)
		die("%s: debug information is nested too deeply", path);
	if (dwarf_tag(parent) == DW_TAG_subprogram)
		walk.function = add_function(&walk, parent);
	if (dwarf_child(parent, &child))
		return;
	do {
		read_die(&walk, &child, parent);
		if (dwarf_haschildren(&child))
			read_children(path, walk, &child);
		else if (dwarf_tag(&child) == DW_TAG_subprogram)
			add_function(&walk, &child);
	} while (!dwarf_siblingof(&child, &child));
}

static int compare_keys(const struct type *left, const struct type *right)
{
	int order = strcmp(left->name, right->name);

	if (!order)
		order = strcmp(left->kind, right->kind);
	return order ? order : strcmp(left->function, right->function);
}

/* Blocks of one function may have types of one name: the n-th is the n-th. */
static int compare_types(const void *a, const void *b)
{
	struct type left = *(const struct type *)a, right = *(const struct type *)b;
	int order = compare_keys(&left, &right);

	if (order)
		return order;
	return dwarf_dieoffset(&left.die) < dwarf_dieoffset(&right.die) ? -1 : 1;
}

/* Return: the directory that names of files count from. */
static const char *read_types(struct unit_types *unit, Dwfl *dwfl, const char *path)
{
	Dwfl_Module *mod = dwfl_report_offline(dwfl, "", path, -1);
	struct walk walk = { .unit = unit };
	const char *comp_dir = NULL;
	Dwarf_Die *cu = NULL;
	Dwarf_Attribute attr;
	Dwarf_Addr bias;

	if (!mod)
		die("%s: %s", path, dwfl_errmsg(-1));
	list_add(&unit->functions);
	if (!dwfl_module_getdwarf(mod, &bias))
		die("%s: has no debug information, which tells whether types changed", path);
	while ((cu = dwfl_module_nextcu(mod, cu, &bias))) {
		if (dwarf_attr(cu, DW_AT_comp_dir, &attr))
			comp_dir = dwarf_formstring(&attr);
		read_children(path, walk, cu);
	}
	if (unit->types.nr)
		qsort(unit->types.at, unit->types.nr, sizeof(struct type), compare_types);
	return comp_dir;
}

/* ---- What is wrong with a type ---------------------------------------------------- */

static int compare_constants(Dwarf_Die *before, Dwarf_Die *after)
{
	Dwarf_Attribute left, right;
	Dwarf_Sword from, to;

	if (!dwarf_attr(before, DW_AT_const_value, &left) || dwarf_formsdata(&left, &from) ||
	    !dwarf_attr(after, DW_AT_const_value, &right) || dwarf_formsdata(&right, &to))
		return 0;
	return from != to;
}

static bool is_changed(struct type *before, struct type *after)
{
	Dwarf_Die left = before->die, right = after->die;
	int tag = dwarf_tag(&left);

	if (tag == DW_TAG_enumerator)
		return compare_constants(&left, &right);
	return !layout_same(&left, &right) && !layout_only_renamed(&left, &right);
}

static struct type *first_of(const struct unit_types *unit, const struct type *key)
{
	size_t low = 0, high = unit->types.nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_keys(&unit->types.at[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == unit->types.nr || compare_keys(&unit->types.at[low], key))
		return NULL;
	return &unit->types.at[low];
}

static struct type *counterpart(const struct unit_types *from, struct type *type,
				const struct unit_types *to)
{
	struct type *first = first_of(to, type);
	size_t n = (size_t)(type - first_of(from, type));

	if (!first || n >= (size_t)(to->types.at + to->types.nr - first))
		return NULL;
	return compare_keys(first + n, type) ? NULL : first + n;
}

static bool differs(Dwarf_Die *part, void *arg)
{
	struct type key = { .kind = kind_of(part), .name = dwarf_diename(part), .function = "" };
	struct comparison *comparison = arg;
	struct type *before, *after;

	if (!key.kind)
		return false;
	before = first_of(&comparison->before, &key);
	after = first_of(&comparison->after, &key);
	return before && after && is_changed(before, after);
}

/* What is embedded is told about where it is declared. */
static bool follows(struct comparison *comparison, struct type *after)
{
	Dwarf_Die die = after->die;

	return dwarf_tag(&die) != DW_TAG_enumerator && layout_has_part(&die, differs, comparison);
}

/* ---- Who uses it ------------------------------------------------------------------ */

/* "foo" is the source's name of foo.constprop.0, too. */
static bool is_piece(const char *symbol, const char *function)
{
	size_t size = strlen(function);

	return str_starts(symbol, function) && (!symbol[size] || symbol[size] == '.');
}

static bool has_code_after(const struct comparison *comparison, const char *name)
{
	const struct function *function;

	list_for_each(function, &comparison->after.functions)
		if (function->has_code && function->name && !strcmp(function->name, name))
			return true;
	return false;
}

/* Replaced, new, or not there any more: whoever called it is replaced. */
static bool is_replaced(const char *name, void *arg)
{
	struct comparison *comparison = arg;
	struct change *change;
	const char **added;

	list_for_each(change, &comparison->diff->changes)
		if (is_piece(change->place.name, name))
			return true;
	list_for_each(added, &comparison->diff->added)
		if (is_piece(*added, name))
			return true;
	return !has_code_after(comparison, name);
}

/* The values of an enumeration are its layout. */
static bool is_private(struct comparison *comparison, struct type *before, struct type *after)
{
	struct type left = *before, right = *after;

	if (dwarf_tag(&left.die) == DW_TAG_enumerator) {
		left.die = left.parent;
		right.die = right.parent;
	}
	return type_is_private(&comparison->before, &left, is_replaced, comparison) &&
	       type_is_private(&comparison->after, &right, is_replaced, comparison);
}

/* ---- Telling ---------------------------------------------------------------------- */

/* As in the source tree: "include/linux/fs.h". */
static const char *source_name(const struct comparison *comparison, Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die);
	size_t size = comparison->comp_dir ? strlen(comparison->comp_dir) : 0;

	if (!file)
		return comparison->diff->source;
	if (size && str_starts(file, comparison->comp_dir) && file[size] == '/')
		file += size + 1;
	while (str_starts(file, "./"))
		file += 2;
	return mem_strdup(file);
}

static const char *enumerator_difference(struct type *before, struct type *after)
{
	Dwarf_Attribute left, right;
	Dwarf_Sword from = 0, to = 0;

	if (dwarf_attr(&before->die, DW_AT_const_value, &left))
		dwarf_formsdata(&left, &from);
	if (dwarf_attr(&after->die, DW_AT_const_value, &right))
		dwarf_formsdata(&right, &to);
	return mem_printf("is %lld instead of %lld; data from before the patch has the old value",
			  (long long)to, (long long)from);
}

static struct refusal tell_enumerator(struct type *before, struct type *after)
{
	struct refusal refusal = { .class = "layout" };
	int line;

	if (!dwarf_decl_line(&after->parent, &line) && line > 0)
		refusal.line = (unsigned int)line;
	refusal.why = enumerator_difference(before, after);
	refusal.advice = "give new enumerators values after all old ones";
	return refusal;
}

static struct refusal tell_layout(struct type *before, struct type *after)
{
	struct refusal refusal = { .class = "layout" };

	refusal.why = mem_printf("%s; code and data from before the patch have the old layout",
				 layout_difference(&before->die, &after->die, &refusal.line));
	refusal.advice = "keep the layout; keep new data in klp_shadow_alloc()";
	return refusal;
}

static void tell(struct comparison *comparison, struct type *before, struct type *after)
{
	bool enumerator = dwarf_tag(&after->die) == DW_TAG_enumerator;
	struct refusal refusal = enumerator ? tell_enumerator(before, after) :
					      tell_layout(before, after);

	refusal.file = source_name(comparison, enumerator ? &after->parent : &after->die);
	refusal.what = *after->function ? mem_printf("%s %s of %s()", after->kind, after->name,
						     after->function) :
					  mem_printf("%s %s", after->kind, after->name);
	*list_add(&comparison->refusals) = refusal;
}

/* One enumerator stands for all of its enumeration. */
static bool is_told(struct comparison *comparison, struct type *after)
{
	Dwarf_Off parent = dwarf_dieoffset(&after->parent), *told;

	if (dwarf_tag(&after->die) != DW_TAG_enumerator)
		return false;
	list_for_each(told, &comparison->told)
		if (*told == parent)
			return true;
	*list_add(&comparison->told) = parent;
	return false;
}

static void compare_units(struct comparison *comparison)
{
	struct type *before, *after;

	list_for_each(after, &comparison->after.types) {
		before = counterpart(&comparison->after, after, &comparison->before);
		if (!before || !is_changed(before, after) || follows(comparison, after) ||
		    is_private(comparison, before, after) || is_told(comparison, after))
			continue;
		tell(comparison, before, after);
	}
}

/* ---- The comparison --------------------------------------------------------------- */

static int no_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)mod, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.section_address = dwfl_offline_section_address,
	.find_debuginfo = no_debuginfo,
};

static void compare(struct comparison *comparison)
{
	Dwfl *before = dwfl_begin(&callbacks), *after = dwfl_begin(&callbacks);

	read_types(&comparison->before, before, comparison->diff->before);
	comparison->comp_dir = read_types(&comparison->after, after, comparison->diff->after);
	compare_units(comparison);
	dwfl_end(before);
	dwfl_end(after);
}

static void write_refusals(struct comparison *comparison, FILE *stream)
{
	struct refusal *refusal;

	list_for_each(refusal, &comparison->refusals)
		fprintf(stream, "%u%c%s%c%s%c%s%c%s%c", refusal->line, 0, refusal->file, 0,
			refusal->what, 0, refusal->why, 0, refusal->advice, 0);
}

static char *take(char **from)
{
	char *text = mem_strdup(*from);

	*from += strlen(*from) + 1;
	return text;
}

static void read_refusals(struct refusals *refusals, char *at, const char *end)
{
	struct refusal refusal = { .class = "layout" };

	while (at < end) {
		refusal.line = (unsigned int)strtoul(take(&at), NULL, 10);
		refusal.file = take(&at);
		refusal.what = take(&at);
		refusal.why = take(&at);
		refusal.advice = take(&at);
		refuse(refusals, &refusal);
	}
}

/*
 * A header can change for a thousand objects, with a hundred thousand entries each: all
 * that is taken for one is given back, but for what is told.
 */
void types_compare(struct diff *diff)
{
	struct comparison comparison = { .diff = diff };
	size_t mark = mem_mark(), size;
	char *kept;
	FILE *stream = open_memstream(&kept, &size);

	if (!stream)
		die("out of memory");
	compare(&comparison);
	write_refusals(&comparison, stream);
	if (fclose(stream))
		die("out of memory");
	mem_release(mark);
	read_refusals(&diff->refusals, kept, kept + size);
	free(kept);
}
