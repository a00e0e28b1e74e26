// SPDX-License-Identifier: GPL-2.0
/* check: what loading a patch would meet, without changing anything. */
#include <stdarg.h>

#include "check.h"

static void add_text(struct text_list *list, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		die("out of memory");
	*list_add(&list->list) = mem_strdup(text);
	free(text);
}

void check_problem(struct check *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_text(&check->problems, fmt, args);
	va_end(args);
}

void check_note(struct check *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_text(&check->notes, fmt, args);
	va_end(args);
}

/* ---- Who redirects a function: ftrace tells the handler ------------------------ */

/* "name (1) R I\ttramp: ...": what comes after the name, if it has the flag I */
static const char *redirection(char *line, const char *function)
{
	size_t length = strlen(function);
	char *rest = line + length, *flags;

	if (!str_starts(line, function) || (*rest != ' ' && *rest != '\t'))
		return NULL;
	flags = strchr(rest, ')');
	if (!flags || !memchr(flags, 'I', strcspn(flags, "\t")))
		return NULL;
	flags += strcspn(flags, "\t");
	return *flags ? flags + 1 : "a handler that ftrace does not name";
}

const char *redirected_by(const char *function)
{
	char *text = sys_read(sys_path("/sys/kernel/tracing/enabled_functions")), *line;
	const char *found = NULL;

	while (text && !found && (line = strsep(&text, "\n")))
		found = redirection(line, function);
	return found;
}

/* ---- The result ---------------------------------------------------------------- */

static void print_json(const struct check *check)
{
	struct json_object *root = json_object_new_object();

	json_add_text(root, "patch", check->module->name);
	json_add_text(root, "file", check->module->path);
	json_add_text(root, "method", core_tells() ? "preflight" : "foresight");
	json_add_text(root, "result", check->problems.list.nr ? "refused" : "ok");
	json_add(root, "problems", json_texts(&check->problems));
	json_add(root, "absent_modules", json_texts(&check->absent));
	json_add(root, "notes", json_texts(&check->notes));
	json_add(root, "kernel_log", json_texts(&check->kernel_log));
	json_add_number(root, "functions_ready", check->ready);
	json_add_number(root, "functions_later", check->later);
	json_add_number(root, "tasks_not_looked_at", check->unseen);
	json_add(root, "blockers", json_blockers(&check->blockers));
	json_add_number(root, "blockers_not_shown", (long)check->blockers.more);
	json_print(root);
}

static void print_list(const char *what, const struct text_list *texts)
{
	const char *const *text;

	list_for_each(text, &texts->list)
		printf("  %s: %s\n", what, *text);
}

static void print_text(const struct check *check)
{
	printf("%s: %s\n", check->module->name,
	       check->problems.list.nr ? "would be refused" : "can be loaded");
	print_list("problem", &check->problems);
	print_list("the kernel says", &check->kernel_log);
	print_list("to be patched when it comes", &check->absent);
	print_list("note", &check->notes);
	if (check->ready >= 0)
		printf("  functions: %ld now, %ld when their modules come\n", check->ready,
		       check->later);
	if (check->unseen > 0)
		printf("  %ld tasks are running, and were not looked at\n", check->unseen);
	if (check->blockers.list.nr)
		printf("  these tasks would have to move first:\n");
	blockers_print(stdout, &check->blockers, false);
}

/* Modules whose exports it uses: klp does not load them, since that is not its business. */
static void look_at_depends(struct check *check)
{
	const char *value = module_info(check->module, "depends");
	char *rest = mem_strdup(value ?: ""), *name;

	while ((name = strsep(&rest, ","))) {
		if (*name && !dir_exists(sys_path("/sys/module/%s", patch_name(name))))
			check_problem(check, "needs module %s, which is not loaded", name);
	}
}

static void look_at_module(struct check *check)
{
	const struct module *module = check->module;
	const char *other = patch_moving(), *object = module_other_build(module);

	if (!module->livepatch)
		check_problem(check, "is no livepatch module");
	if (*module->release && strcmp(module->release, kernel_release()))
		check_problem(check, "was built for %s, and this is %s", module->release,
			      kernel_release());
	if (object)
		check_problem(check, "was made against another build of %s", object);
	if (patch_state(module->name) != PATCH_ABSENT)
		check_problem(check, "is loaded, and %s",
			      patch_state_name(patch_state(module->name)));
	look_at_depends(check);
	if (other)
		check_problem(check, "another patch is in transition: %s", other);
}

int cmd_check(int argc, char **argv)
{
	struct check check = { .ready = -1, .later = -1, .unseen = -1 };
	struct options options;
	const char *params;

	options_read(&options, manage_verb("check"), argc, argv, 1, -1);
	need_livepatch();
	params = params_join(options.args + 1, options.nr - 1);
	check.module = module_named(options.args[0]);
	if (!check.module)
		die("check: %s: is neither installed nor in /lib/modules", options.args[0]);
	look_at_module(&check);
	if (!check.problems.list.nr && core_tells())
		preflight(&check, params);
	else if (!core_tells())
		foresee(&check);
	if (options.json)
		print_json(&check);
	else
		print_text(&check);
	return check.problems.list.nr ? KLP_EXIT_REFUSED : KLP_EXIT_OK;
}
