// SPDX-License-Identifier: GPL-2.0
/*
 * The source of the module's own part: tables of what is replaced, and a call.
 *
 * It is meant to be read: what a patch does to a kernel is its author's to answer for.
 */
#include <ctype.h>

#include "module.h"
#include "module_verify.h"

/* ---- By object ------------------------------------------------------------------------ */

static struct patched *patched_of(struct patched_list *objects, const char *name)
{
	struct patched *patched;

	list_for_each(patched, &objects->list) {
		if (!strcmp(patched->name, name))
			return patched;
	}
	patched = list_add(&objects->list);
	*patched = (struct patched){ .name = name };
	return patched;
}

static int by_object(const void *a, const void *b)
{
	const struct patched *one = a, *two = b;
	int kernel = !strcmp(two->name, KLP_VMLINUX) - !strcmp(one->name, KLP_VMLINUX);

	return kernel ?: strcmp(one->name, two->name);
}

/* Relocations wait for an object that the patch has: see waits_for() in link.c. */
static void add_waited_for(struct patched_list *objects, const struct diff *diff)
{
	const struct reference *reference;

	list_for_each(reference, &diff->references) {
		if (strcmp(reference->place.object, KLP_VMLINUX))
			patched_of(objects, reference->place.object);
	}
}

void patch_objects(struct patched_list *objects, const struct patch *patch)
{
	const struct declaration *declaration;
	const struct change *change;
	const struct diff *diff;

	list_for_each(diff, &patch->diffs) {
		list_for_each(change, &diff->changes)
			*list_add(&patched_of(objects, diff->object)->changes) = change;
		list_for_each(declaration, &diff->declarations)
			*list_add(&patched_of(objects, diff->object)->declarations) = declaration;
		add_waited_for(objects, diff);
	}
	if (objects->list.nr)
		qsort(objects->list.at, objects->list.nr, sizeof(*objects->list.at), by_object);
}

/* ---- Text in C ------------------------------------------------------------------------ */

static void add_string(struct text *out, const char *string)
{
	text_add(out, "\"");
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			text_add(out, "\\%c", *string);
		else if (isprint((unsigned char)*string))
			text_add_bytes(out, string, 1);
		else
			text_add(out, "\\%03o", (unsigned char)*string);
	}
	text_add(out, "\"");
}

/* A path or a reason; nothing that would end the comment. */
static void add_comment(struct text *out, const char *string)
{
	for (; string && *string; string++) {
		if (isprint((unsigned char)*string) && *string != '*')
			text_add_bytes(out, string, 1);
	}
}

/* ---- The parts of the file ------------------------------------------------------------ */

static void add_head(struct text *out, const struct patched_list *objects)
{
	const struct patched *patched;
	const struct change *const *change;

	text_add(out, "// SPDX-License-Identifier: GPL-2.0\n");
	text_add(out, "/*\n * Made by klp build.  Replaces\n *\n");
	list_for_each(patched, &objects->list) {
		list_for_each(change, &patched->changes) {
			text_add(out, " *\t%s: %s() of ", patched->name, (*change)->place.name);
			add_comment(out, (*change)->source);
			text_add(out, ": ");
			add_comment(out, (*change)->why);
			text_add(out, "\n");
		}
	}
	text_add(out, " */\n#include <linux/livepatch.h>\n#include <linux/module.h>\n\n");
	text_add(out, "#include \"klp_verify.h\"\n");
}

static bool is_state(const struct declaration *declaration)
{
	return !strcmp(declaration->kind, "state");
}

static size_t count_states(const struct patch *patch)
{
	const struct declaration *declaration;
	const struct diff *diff;
	size_t nr = 0;

	list_for_each(diff, &patch->diffs) {
		list_for_each(declaration, &diff->declarations)
			nr += is_state(declaration);
	}
	return nr;
}

static void add_declarations(struct text *out, const struct patched *patched)
{
	const struct declaration *const *declaration;
	const struct change *const *change;

	list_for_each(change, &patched->changes)
		text_add(out, "extern void %s(void);\n", (*change)->alias);
	list_for_each(declaration, &patched->declarations) {
		if (is_state(*declaration))
			text_add(out, "extern struct klp_state_declaration %s;\n",
				 (*declaration)->alias);
		else
			text_add(out, "extern %s %s(struct klp_object *obj);\n",
				 !strcmp((*declaration)->kind, "pre_patch") ? "int" : "void",
				 (*declaration)->alias);
	}
}

static void add_funcs(struct text *out, const struct patched *patched, size_t nr)
{
	const struct change *const *change;

	text_add(out, "\n/* %s */\n", patched->name);
	add_declarations(out, patched);
	text_add(out, "\nstatic struct klp_func funcs_%zu[] = {\n", nr);
	list_for_each(change, &patched->changes) {
		text_add(out, "\t{\n\t\t.old_name = ");
		add_string(out, (*change)->place.name);
		text_add(out, ",\n\t\t.new_func = %s,\n", (*change)->alias);
		if ((*change)->place.pos)
			text_add(out, "\t\t.old_sympos = %lu,\n", (*change)->place.pos);
		text_add(out, "\t},\n");
	}
	text_add(out, "\t{ }\n};\n");
}

/* Called by the callback that verifies */
static bool is_wrapped(const struct patched *patched, const struct declaration *declaration)
{
	return patched->is_verified && !strcmp(declaration->kind, "pre_patch");
}

static void add_object(struct text *out, const struct patched *patched, size_t nr)
{
	const struct declaration *const *declaration;

	text_add(out, "\t{\n");
	if (strcmp(patched->name, KLP_VMLINUX)) {
		text_add(out, "\t\t.name = ");
		add_string(out, patched->name);
		text_add(out, ",\n");
	}
	text_add(out, "\t\t.funcs = funcs_%zu,\n", nr);
	if (patched->is_verified)
		text_add(out, "\t\t.callbacks.pre_patch = pre_patch_%zu,\n", nr);
	list_for_each(declaration, &patched->declarations) {
		if (!is_state(*declaration) && !is_wrapped(patched, *declaration))
			text_add(out, "\t\t.callbacks.%s = %s,\n", (*declaration)->kind,
				 (*declaration)->alias);
	}
	text_add(out, "\t},\n");
}

static void add_tables(struct text *out, const struct patch *patch, struct patched_list *objects,
		       size_t states)
{
	struct patched *patched;
	size_t i;

	for (i = 0; i < objects->list.nr; i++) {
		patched = &objects->list.at[i];
		add_funcs(out, patched, i);
		patched->is_verified = patch->kernel &&
			module_verify_object(out, patched, patch->kernel, i);
	}
	text_add(out, "\nstatic struct klp_object objects[] = {\n");
	for (i = 0; i < objects->list.nr; i++)
		add_object(out, &objects->list.at[i], i);
	text_add(out, "\t{ }\n};\n\n");
	if (states)
		text_add(out, "/* Set from the declarations: the core wants one table. */\n"
			 "static struct klp_state states[%zu];\n\n", states + 1);
}

static void add_states(struct text *out, const struct patched_list *objects)
{
	const struct declaration *const *declaration;
	const struct patched *patched;
	size_t nr = 0;

	list_for_each(patched, &objects->list) {
		list_for_each(declaration, &patched->declarations) {
			if (!is_state(*declaration))
				continue;
			text_add(out, "\tstates[%zu].id = %s.id;\n", nr, (*declaration)->alias);
			text_add(out, "\tstates[%zu].version = %s.version;\n", nr,
				 (*declaration)->alias);
			text_add(out, "\t%s.state = &states[%zu];\n", (*declaration)->alias, nr);
			nr++;
		}
	}
}

static void add_code(struct text *out, const struct patch *patch,
		     const struct patched_list *objects, size_t states)
{
	text_add(out, "static struct klp_patch patch = {\n\t.mod = THIS_MODULE,\n"
		 "\t.objs = objects,\n%s\t.replace = %s,\n};\n\n",
		 states ? "\t.states = states,\n" : "", patch->replace ? "true" : "false");
	text_add(out, "static int __init patch_init(void)\n{\n");
	add_states(out, objects);
	text_add(out, "\treturn klp_enable_patch(&patch);\n}\nmodule_init(patch_init);\n\n");
	text_add(out, "/* Only after the patch was disabled: there is nothing to undo. */\n"
		 "static void __exit patch_exit(void)\n{\n}\nmodule_exit(patch_exit);\n\n");
}

static void add_info(struct text *out, const char *macro, const char *value)
{
	if (!value)
		return;
	text_add(out, "%s", macro);
	add_string(out, value);
	text_add(out, ");\n");
}

/* So that tools can tell without loading it. */
static void add_func_infos(struct text *out, const struct patched_list *objects)
{
	const struct change *const *change;
	const struct patched *patched;

	list_for_each(patched, &objects->list) {
		list_for_each(change, &patched->changes)
			add_info(out, "MODULE_INFO(klp_func, ",
				 mem_printf("%s:%s,%lu", patched->name, (*change)->place.name,
					    (*change)->place.pos));
	}
}

static void add_build_ids(struct text *out, const struct patch *patch,
			  const struct patched_list *objects)
{
	const struct patched *patched;
	const char *id;

	list_for_each(patched, &objects->list) {
		id = patch->kernel ? kernel_build_id(patch->kernel, patched->name) : NULL;
		if (id)
			add_info(out, "MODULE_INFO(klp_build_id, ",
				 mem_printf("%s:%s", patched->name, id));
	}
}

void module_source(struct text *out, const struct patch *patch)
{
	size_t states = count_states(patch);
	struct patched_list objects = { 0 };
	const char *const *cve;

	patch_objects(&objects, patch);
	add_head(out, &objects);
	if (states)
		text_add(out, "#include <linux/livepatch_helpers.h>\n");
	add_tables(out, patch, &objects, states);
	add_code(out, patch, &objects, states);
	text_add(out, "MODULE_LICENSE(\"GPL\");\nMODULE_INFO(livepatch, \"Y\");\n");
	add_info(out, "MODULE_DESCRIPTION(", patch->description);
	add_info(out, "MODULE_INFO(version, ", patch->version);
	list_for_each(cve, &patch->cves)
		add_info(out, "MODULE_INFO(klp_cve, ", *cve);
	add_func_infos(out, &objects);
	add_build_ids(out, patch, &objects);
}
