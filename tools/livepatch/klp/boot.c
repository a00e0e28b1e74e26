// SPDX-License-Identifier: GPL-2.0
/* boot: what livepatch.service runs.  Also load --installed, which trusts the machine. */
#include "manage.h"

#define CRASHES_MOST	2

/* livepatch=off on the kernel's command line; the unit asks the same before it runs us. */
static bool switched_off(void)
{
	char *line = sys_read(sys_path("/proc/cmdline")), *word;

	while (line && (word = strsep(&line, "\n "))) {
		if (!strcmp(word, "livepatch=off"))
			return true;
	}
	return false;
}

static int refuse_kept(struct job *job, const char *why)
{
	job->outcome = OUTCOME_REFUSED;
	job->state = patch_state(job->name);
	job->error = why;
	return job_end(job);
}

static bool is_condemned(const struct kept *kept, const char **why)
{
	int crashes = guard_crashes(kept);

	if (crashes < CRASHES_MOST)
		return false;
	*why = mem_printf("the machine went down soon after it, %d times in a row (see --reset)",
			  crashes);
	return true;
}

/* An older one of that name, which the kept one has taken the place of since */
static bool is_another(const struct kept *kept)
{
	struct module module;
	const char *why;

	if (!kept_intact(kept, &why))
		return false;
	module_read(kept->path, &module);
	return module_is_another(&module);
}

static int load_kept(struct job *job, const struct kept *kept, bool guarded)
{
	struct module module;
	const char *why;

	job->name = kept->name;
	job->params = "";
	job->wait.quiet = true;
	if (patch_state(kept->name) == PATCH_ENABLED)
		return is_another(kept) ? refuse_kept(job, ANOTHER_LOADED) : KLP_EXIT_OK;
	if (guarded && is_condemned(kept, &why))
		return refuse_kept(job, why);
	if (!kept_intact(kept, &why))
		return refuse_kept(job, mem_printf("%s: %s", kept->path, why));
	module_read(kept->path, &module);
	job->module = &module;
	if (module_other_build(&module))
		return refuse_kept(job, mem_printf("was made against another build of %s",
						   module_other_build(&module)));
	if (guarded)
		guard_loading(kept);
	reach(job);
	if (guarded && (job->state == PATCH_ABSENT || job->state == PATCH_DISABLED))
		guard_failed(kept);
	return job_end(job);
}

/* All of them, whatever becomes of one.  Return: the first status that is not 0 */
int load_installed(const struct verb *verb, const struct options *options, bool guarded)
{
	const struct kept *kept;
	struct store store;
	int status = KLP_EXIT_OK, one;

	store_read(&store, kernel_release());
	list_for_each(kept, &store.patches) {
		struct job job = { .verb = verb, .options = options };

		one = load_kept(&job, kept, guarded);
		status = status ?: one;
		if (job.outcome == OUTCOME_INTERRUPTED)
			break;
	}
	return status;
}

/* An orderly shutdown comes as a signal, and is survival too. */
static int survive(unsigned int seconds)
{
	struct wait wait = { .quiet = true };
	uint64_t limit = now_ms() + (uint64_t)seconds * 1000;

	signals_catch();
	while (now_ms() < limit && !signal_caught())
		wait_ms(&wait, (unsigned int)(limit - now_ms()));
	guard_survived();
	return KLP_EXIT_OK;
}

int cmd_boot(int argc, char **argv)
{
	const struct verb *verb = manage_verb("boot");
	struct options options;
	int status;

	options_read(&options, verb, argc, argv, 0, 0);
	if (options.reset)
		guard_reset();
	if (options.survived)
		guard_survived();
	if (options.survive)
		return survive(options.survive);
	if (options.reset || options.survived)
		return KLP_EXIT_OK;
	if (switched_off()) {
		warn("boot: livepatch=off is on the kernel's command line: nothing is loaded");
		return KLP_EXIT_OK;
	}
	need_livepatch();
	status = load_installed(verb, &options, true);
	/* The unit is stopped: the machine goes down in good order. */
	if (signal_caught())
		guard_survived();
	return status;
}
