// SPDX-License-Identifier: GPL-2.0
/* What klp build tells its author at the end: for people as a table, for scripts as JSON. */
#include <json-c/json.h>

#include "report.h"

static bool is_same(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

/* What several parts of the patch run into is told once. */
void refuse(struct refusals *refusals, const struct refusal *refusal)
{
	const struct refusal *known;

	list_for_each(known, &refusals->list) {
		if (is_same(known->class, refusal->class) && is_same(known->file, refusal->file) &&
		    is_same(known->what, refusal->what) && is_same(known->why, refusal->why))
			return;
	}
	*list_add(&refusals->list) = *refusal;
}

/* ---- For people ----------------------------------------------------------------------- */

struct widths {
	int object, function;
};

static void widen(int *width, const char *text)
{
	int length = (int)strlen(text);

	if (length > *width)
		*width = length;
}

static const char *function_name(const struct place *place)
{
	return place->pos ? mem_printf("%s,%lu", place->name, place->pos) : place->name;
}

static struct widths measure(const struct patched_list *objects)
{
	struct widths widths = { (int)strlen("OBJECT"), (int)strlen("FUNCTION") };
	const struct change *const *change;
	const struct patched *patched;

	list_for_each(patched, &objects->list) {
		widen(&widths.object, patched->name);
		list_for_each(change, &patched->changes)
			widen(&widths.function, function_name(&(*change)->place));
	}
	return widths;
}

static void print_change(const struct change *change, const struct patched *patched,
			 const struct widths *widths)
{
	printf("%-*s  %-*s  %s (%s", widths->object, patched->name, widths->function,
	       function_name(&change->place), change->why ?: "changed", change->source);
	if (change->line)
		printf(":%u", change->line);
	puts(")");
}

static void print_declaration(const struct declaration *declaration, const struct patched *patched,
			      const struct widths *widths)
{
	printf("%-*s  %-*s  %s\n", widths->object, patched->name, widths->function, "-",
	       strcmp(declaration->kind, "state") ? mem_printf("%s callback", declaration->kind) :
	       "declares a system state");
}

static void print_objects(const struct patched_list *objects)
{
	const struct declaration *const *declaration;
	struct widths widths = measure(objects);
	const struct change *const *change;
	const struct patched *patched;

	printf("%-*s  %-*s  %s\n", widths.object, "OBJECT", widths.function, "FUNCTION", "WHY");
	list_for_each(patched, &objects->list) {
		list_for_each(change, &patched->changes)
			print_change(*change, patched, &widths);
		list_for_each(declaration, &patched->declarations)
			print_declaration(*declaration, patched, &widths);
	}
}

static void print_added(const struct patch *patch)
{
	const char *const *added;
	const struct diff *diff;

	list_for_each(diff, &patch->diffs) {
		list_for_each(added, &diff->added)
			printf("%s: %s is new\n", diff->source, *added);
	}
}

static const char *refusal_text(const struct refusal *refusal)
{
	struct text text = { 0 };

	if (refusal->file && refusal->line)
		text_add(&text, "%s:%u: ", refusal->file, refusal->line);
	else if (refusal->file)
		text_add(&text, "%s: ", refusal->file);
	text_add(&text, "%s %s", refusal->what, refusal->why);
	if (refusal->advice)
		text_add(&text, "; %s", refusal->advice);
	return text.at;
}

/* ---- For scripts ---------------------------------------------------------------------- */

static struct json_object *text_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static void put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		die("out of memory");
}

static struct json_object *json_change(const struct change *change)
{
	struct json_object *one = json_object_new_object();

	put(one, "name", text_or_null(change->place.name));
	put(one, "position", json_object_new_int64((int64_t)change->place.pos));
	put(one, "file", text_or_null(change->source));
	put(one, "line", json_object_new_int64(change->line));
	put(one, "why", text_or_null(change->why));
	return one;
}

static struct json_object *json_objects_of(const struct patch *patch)
{
	struct json_object *array = json_object_new_array(), *one, *changes, *declared;
	const struct declaration *const *declaration;
	struct patched_list objects = { 0 };
	const struct change *const *change;
	const struct patched *patched;

	patch_objects(&objects, patch);
	list_for_each(patched, &objects.list) {
		one = json_object_new_object();
		changes = json_object_new_array();
		declared = json_object_new_array();
		list_for_each(change, &patched->changes)
			json_object_array_add(changes, json_change(*change));
		list_for_each(declaration, &patched->declarations)
			json_object_array_add(declared, text_or_null((*declaration)->kind));
		put(one, "name", text_or_null(patched->name));
		put(one, "functions", changes);
		put(one, "declarations", declared);
		json_object_array_add(array, one);
	}
	return array;
}

static struct json_object *json_added(const struct patch *patch)
{
	struct json_object *array = json_object_new_array(), *one;
	const char *const *added;
	const struct diff *diff;

	list_for_each(diff, &patch->diffs) {
		list_for_each(added, &diff->added) {
			one = json_object_new_object();
			put(one, "name", text_or_null(*added));
			put(one, "file", text_or_null(diff->source));
			json_object_array_add(array, one);
		}
	}
	return array;
}

static struct json_object *json_refused(const struct refusals *refusals)
{
	struct json_object *array = json_object_new_array(), *one;
	const struct refusal *refusal;

	list_for_each(refusal, &refusals->list) {
		one = json_object_new_object();
		put(one, "class", text_or_null(refusal->class));
		put(one, "file", text_or_null(refusal->file));
		put(one, "line", json_object_new_int64(refusal->line));
		put(one, "what", text_or_null(refusal->what));
		put(one, "why", text_or_null(refusal->why));
		put(one, "advice", text_or_null(refusal->advice));
		json_object_array_add(array, one);
	}
	return array;
}

static struct json_object *json_ignored(const struct ignored *ignored)
{
	struct json_object *array = json_object_new_array();
	const char *const *path;

	list_for_each(path, &ignored->paths)
		json_object_array_add(array, text_or_null(*path));
	return array;
}

static struct json_object *json_cves(const struct patch *patch)
{
	struct json_object *array = json_object_new_array();
	const char *const *cve;

	list_for_each(cve, &patch->cves)
		json_object_array_add(array, text_or_null(*cve));
	return array;
}

/* Every key is always there. */
static void print_json(const struct patch *patch, const struct ignored *ignored,
		       const struct refusals *refusals, const char *output)
{
	struct json_object *root = json_object_new_object();

	put(root, "name", text_or_null(patch->name));
	put(root, "output", text_or_null(output));
	put(root, "version", text_or_null(patch->version));
	put(root, "description", text_or_null(patch->description));
	put(root, "cves", json_cves(patch));
	put(root, "replace", json_object_new_boolean(patch->replace));
	put(root, "objects", json_objects_of(patch));
	put(root, "added", json_added(patch));
	put(root, "ignored", json_ignored(ignored));
	put(root, "refused", json_refused(refusals));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

/* ---- Both ----------------------------------------------------------------------------- */

void report_refusals(const struct refusals *refusals, const struct patch *patch, bool json)
{
	const struct refusal *refusal;

	if (json)
		print_json(patch, &(struct ignored){ 0 }, refusals, NULL);
	list_for_each(refusal, &refusals->list)
		warn("%s", refusal_text(refusal));
	warn("%zu reason%s why there is no patch", refusals->list.nr,
	     refusals->list.nr == 1 ? "" : "s");
}

void report_patch(const struct patch *patch, const struct ignored *ignored, const char *output,
		  bool json)
{
	struct patched_list objects = { 0 };
	const char *const *path;

	if (json) {
		print_json(patch, ignored, &(struct refusals){ 0 }, output);
		return;
	}
	patch_objects(&objects, patch);
	print_objects(&objects);
	print_added(patch);
	list_for_each(path, &ignored->paths)
		printf("%s: has no part in this kernel\n", *path);
	printf("%s\n", output);
}
