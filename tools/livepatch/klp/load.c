// SPDX-License-Identifier: GPL-2.0
/* load, unload, enable, disable: what is to be done with which patch, and how it went. */
#include <unistd.h>

#include "manage.h"

/* ---- How it went --------------------------------------------------------------- */

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_LEFT] = "left",
		[OUTCOME_REVERTED] = "reverted",
		[OUTCOME_INTERRUPTED] = "interrupted",
	};

	return names[outcome];
}

int job_exit(const struct job *job)
{
	switch (job->outcome) {
	case OUTCOME_OK:
		return KLP_EXIT_OK;
	case OUTCOME_REFUSED:
		return KLP_EXIT_REFUSED;
	case OUTCOME_LEFT:
		return job->done && job->options->on_timeout == ON_TIMEOUT_KEEP ?
		       KLP_EXIT_OK : KLP_EXIT_TIMEOUT;
	case OUTCOME_REVERTED:
		return KLP_EXIT_TIMEOUT;
	case OUTCOME_INTERRUPTED:
		return 128 + job->signal;
	case OUTCOME_FAILED:
		break;
	}
	return KLP_EXIT_FAILED;
}

static void print_json(const struct job *job)
{
	struct json_object *root = json_object_new_object();

	json_add_text(root, "verb", job->verb->name);
	json_add_text(root, "patch", job->name);
	json_add_text(root, "file", job->module ? job->module->path : NULL);
	json_add_text(root, "outcome", outcome_name(job->outcome));
	json_add_text(root, "state", patch_state_name(job->state));
	json_add_number(root, "ms", (long)job->ms);
	json_add_text(root, "error", job->error);
	json_add(root, "kernel_log", json_texts(&job->kernel_log));
	json_add(root, "blockers", json_blockers(&job->blockers));
	json_add_number(root, "exit", job_exit(job));
	json_print(root);
}

static void print_text(const struct job *job)
{
	const char *const *line;

	if (job->outcome == OUTCOME_OK) {
		printf(job->quick ? "%s: is %s already\n" : "%s: %s, %.1f s\n", job->name,
		       patch_state_name(job->state), (double)job->ms / 1000);
		return;
	}
	warn("%s: %s: %s", job->verb->name, job->name, job->error);
	list_for_each(line, &job->kernel_log.list)
		warn("the kernel says: %s", *line);
	blockers_print(stderr, &job->blockers, false);
}

int job_end(const struct job *job)
{
	if (!job->quick || job->outcome != OUTCOME_OK)
		history_add(job);
	if (job->options->json)
		print_json(job);
	else
		print_text(job);
	return job_exit(job);
}

/* ---- Which one ----------------------------------------------------------------- */

static bool is_file(const char *text)
{
	return strchr(text, '/') || strstr(text, ".ko");
}

/* A name: what is installed, then what is in /lib/modules. */
static const char *path_of(const char *name)
{
	const struct kept *kept;
	struct store store;
	const char *why;

	store_read(&store, kernel_release());
	kept = store_find(&store, patch_name(name));
	if (!kept)
		return module_find(name);
	if (!kept_intact(kept, &why))
		die("%s: %s", kept->path, why);
	return kept->path;
}

struct module *module_named(const char *text)
{
	const char *path = is_file(text) ? text : path_of(text);
	struct module *module;

	if (!path)
		return NULL;
	module = mem_alloc(sizeof(*module));
	module_read(path, module);
	return module;
}

_Noreturn static void refuse_file(const struct module *module, const char *why)
{
	warn("%s: %s", module->path, why);
	exit(KLP_EXIT_REFUSED);
}

struct module *module_to_load(const char *text)
{
	struct module *module = module_named(text);
	const char *object;

	if (!module)
		die("%s: is neither installed nor in /lib/modules/%s", text, kernel_release());
	if (!module->livepatch)
		refuse_file(module, "is no livepatch module: it has no modinfo \"livepatch\"");
	if (*module->release && strcmp(module->release, kernel_release()))
		refuse_file(module, mem_printf("was built for %s, and this is %s",
					       module->release, kernel_release()));
	object = module_other_build(module);
	if (object)
		refuse_file(module, mem_printf("was made against another build of %s", object));
	return module;
}

char *params_join(char **args, int nr)
{
	struct text text = { 0 };
	int i;

	text_add(&text, "%s", "");
	for (i = 0; i < nr; i++) {
		if (!strchr(args[i], '='))
			die_usage("%s: is no PARAMETER=VALUE", args[i]);
		text_add(&text, "%s%s", i ? " " : "", args[i]);
	}
	return text.at;
}

/* ---- The verbs ----------------------------------------------------------------- */

int cmd_load(int argc, char **argv)
{
	const struct verb *verb = manage_verb("load");
	struct job job = { .verb = verb };
	struct options options;

	options_read(&options, verb, argc, argv, 0, -1);
	need_livepatch();
	if (options.installed && !options.nr)
		return load_installed(verb, &options, false);
	if (options.installed || !options.nr)
		die_usage("load: either FILE, or NAME, or --installed");
	job.options = &options;
	job.module = module_to_load(options.args[0]);
	job.name = job.module->name;
	job.params = params_join(options.args + 1, options.nr - 1);
	job.wait.quiet = options.json;
	reach(&job);
	return job_end(&job);
}

static int act(const char *name, int argc, char **argv)
{
	const struct verb *verb = manage_verb(name);
	struct job job = { .verb = verb };
	struct options options;

	options_read(&options, verb, argc, argv, 1, 1);
	need_livepatch();
	job.options = &options;
	job.name = patch_name(options.args[0]);
	job.wait.quiet = options.json;
	if (verb->reaches == PATCH_ENABLED && patch_state(job.name) == PATCH_DISABLED) {
		job.module = module_named(history_file_of(job.name) ?: options.args[0]);
		job.params = "";
	}
	reach(&job);
	return job_end(&job);
}

int cmd_unload(int argc, char **argv)
{
	return act("unload", argc, argv);
}

int cmd_enable(int argc, char **argv)
{
	return act("enable", argc, argv);
}

int cmd_disable(int argc, char **argv)
{
	return act("disable", argc, argv);
}
