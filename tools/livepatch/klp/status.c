// SPDX-License-Identifier: GPL-2.0
/* list and status: the patches of the running kernel, and those that are installed. */
#include <ctype.h>
#include <unistd.h>

#include "manage.h"

#define WATCH_MS	1000

/* Modules of patches that are disabled, with those of any that are not. */
static void read_all(struct patches *patches)
{
	struct text_list modules = { 0 };
	const char **name;

	patches_read(patches);
	dir_list(sys_path("/sys/module"), &modules);
	list_for_each(name, &modules.list) {
		if (patch_state(*name) == PATCH_DISABLED)
			patch_read(*name, list_add(&patches->list));
	}
}

/* ---- list ---------------------------------------------------------------------- */

static const char *sys_module(const char *name, const char *file)
{
	return sys_read(sys_path("/sys/module/%s/%s", name, file));
}

static struct json_object *list_row(const struct patch *patch, const struct kept *kept)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "name", patch->name);
	json_add_text(row, "state", patch_state_name(patch->state));
	json_add_number(row, "stack_order", patch->order);
	json_add_bool(row, "replace", patch->replace);
	json_add_bool(row, "forced", patch->forced);
	json_add_text(row, "version", sys_module(patch->name, "version"));
	json_add_bool(row, "installed", kept);
	json_add_text(row, "file", kept ? kept->path : NULL);
	return row;
}

static void list_print(const struct patch *patch, const struct kept *kept)
{
	const char *order = patch->order > 0 ? mem_printf("%ld", patch->order) : "-";

	printf("%-40s %-10s %-6s %-9s %-8s %s\n", patch->name, patch_state_name(patch->state),
	       order, kept ? "installed" : "-", patch->replace ? "replace" : "-",
	       sys_module(patch->name, "version") ?: "-");
}

/* Those of the store that are not loaded, after those that are. */
static void add_kept(struct patches *patches, const struct store *store)
{
	const struct patch *patch;
	const struct kept *kept;
	bool known;

	list_for_each(kept, &store->patches) {
		known = false;
		list_for_each(patch, &patches->list)
			known |= !strcmp(patch->name, kept->name);
		if (!known)
			*list_add(&patches->list) = (struct patch){ kept->name, .order = -1 };
	}
}

int cmd_list(int argc, char **argv)
{
	struct json_object *array = json_object_new_array();
	struct patches patches = { 0 };
	const struct patch *patch;
	const struct kept *kept;
	struct options options;
	struct store store;

	options_read(&options, manage_verb("list"), argc, argv, 0, 0);
	store_read(&store, options.release ?: kernel_release());
	read_all(&patches);
	add_kept(&patches, &store);
	if (!options.json && patches.list.nr)
		printf("%-40s %-10s %-6s %-9s %-8s %s\n", "NAME", "STATE", "ORDER", "KEPT",
		       "REPLACE", "VERSION");
	list_for_each(patch, &patches.list) {
		kept = store_find(&store, patch->name);
		if (options.json)
			json_object_array_add(array, list_row(patch, kept));
		else
			list_print(patch, kept);
	}
	if (options.json)
		json_print(array);
	else
		json_object_put(array);
	return KLP_EXIT_OK;
}

/* ---- status -------------------------------------------------------------------- */

static struct json_object *stats_of(const char *name)
{
	char *text = sys_read(sys_path("/sys/kernel/livepatch/%s/stats", name)), *line;
	struct json_object *stats;
	char key[32];
	long value;

	if (!text)
		return NULL;
	stats = json_object_new_object();
	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%31s %ld", key, &value) == 2)
			json_add_number(stats, key, value);
	}
	return stats;
}

static struct json_object *status_of(const struct patch *patch)
{
	bool moving = BIT(patch->state) & PATCH_MOVING;
	struct json_object *row = json_object_new_object();
	struct blockers blockers = { 0 };
	struct moved moved = { 0 };

	if (moving) {
		blockers_read(patch, &blockers);
		tasks_count(patch, &moved);
	}
	json_add_text(row, "name", patch->name);
	json_add_text(row, "state", patch_state_name(patch->state));
	json_add_bool(row, "transition", moving);
	json_add_bool(row, "replace", patch->replace);
	json_add_bool(row, "forced", patch->forced);
	json_add_number(row, "stack_order", patch->order);
	json_add_text(row, "version", sys_module(patch->name, "version"));
	json_add_text(row, "srcversion", sys_module(patch->name, "srcversion"));
	json_add(row, "objects", json_objects(patch));
	json_add(row, "stats", stats_of(patch->name));
	json_add_number(row, "tasks_moved", moving ? (long)moved.moved : -1);
	json_add_number(row, "tasks_left", moving ? (long)moved.left : -1);
	json_add(row, "blockers", json_blockers(&blockers));
	json_add_number(row, "blockers_not_shown", (long)blockers.more);
	return row;
}

static struct json_object *status_json(const struct patches *patches, const char *only)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();
	const struct patch *patch;

	json_add_text(root, "kernel", kernel_release());
	json_add_text(root, "core", core_tells() ? "telling" : "stock");
	json_add_text(root, "transition", patch_moving());
	list_for_each(patch, &patches->list) {
		if (!only || !strcmp(only, patch->name))
			json_object_array_add(array, status_of(patch));
	}
	json_add(root, "patches", array);
	return root;
}

static void print_moving(const struct patch *patch)
{
	struct blockers blockers;
	struct moved moved;

	tasks_count(patch, &moved);
	blockers_read(patch, &blockers);
	printf("  %lu of %lu tasks have moved\n", moved.moved, moved.moved + moved.left);
	blockers_print(stdout, &blockers, false);
}

static void print_stats(const char *name)
{
	char *text = sys_read(sys_path("/sys/kernel/livepatch/%s/stats", name)), *line;
	unsigned long value;
	char key[32];

	if (!text)
		return;
	printf("  last transition:");
	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%31s %lu", key, &value) == 2 && value)
			printf(" %s %lu", key, value);
	}
	printf("\n");
}

static void status_print(const struct patch *patch)
{
	const struct object *object;
	const struct func *func;

	printf("%s: %s%s%s\n", patch->name, patch_state_name(patch->state),
	       patch->replace ? ", replaces all before it" : "", patch->forced ? ", forced" : "");
	list_for_each(object, &patch->objects) {
		printf("  %s%s:", object->name,
		       object->patched ? "" : " (not loaded, or not patched)");
		list_for_each(func, &object->funcs)
			printf(func->pos > 1 ? " %s,%lu" : " %s", func->name, func->pos);
		printf("\n");
	}
	if (BIT(patch->state) & PATCH_MOVING)
		print_moving(patch);
	else
		print_stats(patch->name);
}

static void show_text(const struct patches *patches, const char *only)
{
	const struct patch *patch;

	if (!patches->list.nr)
		printf("no patch is loaded\n");
	list_for_each(patch, &patches->list) {
		if (!only || !strcmp(only, patch->name))
			status_print(patch);
	}
}

static void show(const struct options *options, const char *only)
{
	struct patches patches = { 0 };
	struct json_object *root;

	read_all(&patches);
	if (options->prometheus) {
		output(options, metrics_text(&patches));
	} else if (options->json) {
		root = status_json(&patches, only);
		output(options, mem_printf("%s\n", json_string(root)));
		json_object_put(root);
	} else {
		show_text(&patches, only);
	}
	if (fflush(stdout))
		die_errno("standard output");
}

/* JSON: a line each time.  Text on a terminal: in place of the one before. */
static int watch(const struct options *options, const char *only)
{
	bool clear = !options->json && !options->prometheus && isatty(STDOUT_FILENO);
	struct wait wait = { .quiet = true };
	const char *moving;
	size_t mark;

	signals_catch();
	do {
		mark = mem_mark();
		if (clear)
			fputs("\033[H\033[2J", stdout);
		show(options, only);
		wait.end = now_ms() + WATCH_MS;
		moving = patch_moving();
		if (moving)
			wait_transition(&wait, moving);
		else
			wait_ms(&wait, WATCH_MS);
		mem_release(mark);
	} while (!signal_caught());
	return KLP_EXIT_OK;
}

int cmd_status(int argc, char **argv)
{
	struct options options;
	const char *only;

	options_read(&options, manage_verb("status"), argc, argv, 0, 1);
	if (options.output && !options.json && !options.prometheus)
		die_usage("status: --output goes with --json or --prometheus");
	need_livepatch();
	only = options.nr ? patch_name(options.args[0]) : NULL;
	if (only && !options.watch && patch_state(only) == PATCH_ABSENT)
		die("status: %s: no such patch", only);
	if (options.watch)
		return watch(&options, only);
	show(&options, only);
	return KLP_EXIT_OK;
}
