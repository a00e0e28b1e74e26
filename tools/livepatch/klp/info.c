// SPDX-License-Identifier: GPL-2.0
/* info: what a patch module is, and what it changes. */
#include "manage.h"

struct about {
	const struct module *module;	/* NULL: its file is not known */
	struct patch patch;
	const struct kept *kept;
};

static const char *field(const struct about *about, const char *key)
{
	const char *value = about->module ? module_info(about->module, key) : NULL;

	return value ?: sys_read(sys_path("/sys/module/%s/%s", about->patch.name, key));
}

/* "klp_cve=CVE-2026-1", one for each */
static struct text_list cves_of(const struct about *about)
{
	struct text_list cves = { 0 };
	const struct field *one;

	if (!about->module)
		return cves;
	list_for_each(one, &about->module->info) {
		if (!strcmp(one->key, "klp_cve"))
			*list_add(&cves.list) = one->value;
	}
	texts_sort(&cves);	/* the compiler has its own order */
	return cves;
}

static bool fits(const struct module *module)
{
	return module->livepatch && !module_other_build(module) &&
	       (!*module->release || !strcmp(module->release, kernel_release()));
}

/* Loaded, the kernel knows best; else the module says what klp build wrote into it. */
static void find(struct about *about, const char *text)
{
	struct store *store = mem_alloc(sizeof(*store));
	struct patch patch;

	about->module = module_named(text);
	about->patch.name = about->module ? about->module->name : patch_name(text);
	patch_read(about->patch.name, &about->patch);
	if (!about->module && about->patch.state == PATCH_ABSENT)
		die("info: %s: no such patch: no file, not loaded, not installed", text);
	if (!about->patch.objects.nr && about->module) {
		module_patch(about->module, &patch);
		about->patch.objects.at = patch.objects.at;
		about->patch.objects.nr = patch.objects.nr;
	}
	store_read(store, about->module && *about->module->release ? about->module->release :
		   kernel_release());
	about->kept = store_find(store, about->patch.name);
}

/* ---- JSON ---------------------------------------------------------------------- */

/* Everything that modinfo has; of several of one key all, as an array. */
static struct json_object *all_fields(const struct module *module)
{
	struct json_object *root = json_object_new_object(), *values;
	const struct field *one;

	list_for_each(one, &module->info) {
		if (!json_object_object_get_ex(root, one->key, &values)) {
			values = json_object_new_array();
			json_add(root, one->key, values);
		}
		json_object_array_add(values, json_object_new_string(one->value));
	}
	return root;
}

static void print_json(const struct about *about)
{
	struct json_object *root = json_object_new_object();
	const struct module *module = about->module;
	struct text_list cves = cves_of(about);

	json_add_text(root, "name", about->patch.name);
	json_add_text(root, "file", module ? module->path : NULL);
	json_add_text(root, "sha256", module ? file_sum(module->path) : NULL);
	json_add_text(root, "release", module ? module->release : kernel_release());
	json_add_bool(root, "livepatch", !module || module->livepatch);
	json_add_bool(root, "fits", !module || fits(module));
	json_add_text(root, "version", field(about, "version"));
	json_add_text(root, "srcversion", field(about, "srcversion"));
	json_add_text(root, "description", field(about, "description"));
	json_add_text(root, "license", field(about, "license"));
	json_add(root, "cves", json_texts(&cves));
	json_add_text(root, "state", patch_state_name(about->patch.state));
	json_add_bool(root, "installed", about->kept);
	json_add(root, "objects", json_objects(&about->patch));
	json_add(root, "modinfo", module ? all_fields(module) : NULL);
	json_print(root);
}

/* ---- Text ---------------------------------------------------------------------- */

static void line(const char *key, const char *value)
{
	if (value && *value)
		printf("%-13s%s\n", mem_printf("%s:", key), value);
}

static void print_cves(const struct about *about)
{
	struct text_list cves = cves_of(about);
	const char *const *cve;

	list_for_each(cve, &cves.list)
		line("CVE", *cve);
}

static void print_objects(const struct patch *patch)
{
	const struct object *object;
	const struct func *func;

	list_for_each(object, &patch->objects) {
		list_for_each(func, &object->funcs)
			printf(func->pos > 1 ? "  %s: %s (number %lu of that name)\n" :
			       "  %s: %s\n", object->name, func->name, func->pos);
	}
}

static const char *built_for(const struct module *module)
{
	if (fits(module))
		return module->release;
	if (*module->release && strcmp(module->release, kernel_release()))
		return mem_printf("%s, not this one (%s)", module->release, kernel_release());
	return mem_printf("another build of %s", module->release);
}

static void print_file(const struct module *module)
{
	line("file", module->path);
	line("sha256", file_sum(module->path));
	if (!module->livepatch)
		line("kind", "no livepatch module");
	line("kernel", built_for(module));
}

static void print_text(const struct about *about)
{
	line("name", about->patch.name);
	if (about->module)
		print_file(about->module);
	line("version", field(about, "version"));
	line("description", field(about, "description"));
	print_cves(about);
	line("state", patch_state_name(about->patch.state));
	line("installed", about->kept ? about->kept->time ?: "yes" : "no");
	if (about->patch.objects.nr)
		printf("functions:\n");
	print_objects(&about->patch);
}

int cmd_info(int argc, char **argv)
{
	struct about about = { 0 };
	struct options options;

	options_read(&options, manage_verb("info"), argc, argv, 1, 1);
	find(&about, options.args[0]);
	if (options.json)
		print_json(&about);
	else
		print_text(&about);
	return KLP_EXIT_OK;
}
