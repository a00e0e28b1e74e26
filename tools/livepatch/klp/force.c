// SPDX-License-Identifier: GPL-2.0
/* blockers and force: the two that look at tasks which do not move. */
#include <unistd.h>

#include "manage.h"

/* The one that is named, or the one in transition. */
static const char *chosen(const struct options *options)
{
	const char *name;

	if (options->nr)
		return patch_name(options->args[0]);
	name = patch_moving();
	return name ? mem_strdup(name) : NULL;
}

/* ---- blockers ------------------------------------------------------------------ */

static struct json_object *blockers_row(const struct patch *patch, const struct blockers *blockers)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "patch", patch->name);
	json_add_text(row, "state", patch->name ? patch_state_name(patch->state) : NULL);
	json_add_text(row, "source", core_tells() ? "core" : "proc");
	json_add(row, "blockers", json_blockers(blockers));
	json_add_number(row, "not_shown", (long)blockers->more);
	json_add_text(row, "error", blockers->why_not);
	return row;
}

static void print(const struct patch *patch, const struct blockers *blockers, bool stack)
{
	if (!patch->name) {
		printf("no patch is in transition\n");
		return;
	}
	if (!core_tells() && BIT(patch->state) & PATCH_MOVING)
		note("this kernel does not tell who blocks: sides and stacks are from /proc");
	printf("%s: %s\n", patch->name, patch_state_name(patch->state));
	blockers_print(stdout, blockers, stack);
}

int cmd_blockers(int argc, char **argv)
{
	struct blockers blockers = { 0 };
	struct patch patch = { 0 };
	struct options options;
	const char *name;

	options_read(&options, manage_verb("blockers"), argc, argv, 0, 1);
	need_livepatch();
	name = chosen(&options);
	if (name) {
		patch_read(name, &patch);
		if (patch.state == PATCH_ABSENT)
			die("blockers: %s: no such patch", name);
		blockers_read(&patch, &blockers);
	}
	if (options.json)
		json_print(blockers_row(&patch, &blockers));
	else
		print(&patch, &blockers, options.stack);
	return blockers.why_not ? KLP_EXIT_FAILED : KLP_EXIT_OK;
}

/* ---- force --------------------------------------------------------------------- */

static const char price[] =
	"Force moves them all, wherever they are: a task may return into an old function and call\n"
	"a new one from there.  Ask whoever made the patch whether that is harmless for this one.\n"
	"Turning the transition round (klp disable, or klp enable) is always safe.\n";

static const char *pinned(const struct patch *patch)
{
	if (patch->state == PATCH_DISABLING)
		return "The module of this patch can never be removed again.\n";
	if (patch->replace)
		return "The modules of all patches it replaces can never be removed again.\n";
	return "";
}

static bool agreed(const struct patch *patch)
{
	struct blockers blockers;
	char answer[16];

	if (!isatty(STDIN_FILENO))
		die_usage("force: asks on a terminal only; --yes: nobody has to be asked");
	blockers_read(patch, &blockers);
	fprintf(stderr, "%s is %s, and waits for these tasks:\n", patch->name,
		patch_state_name(patch->state));
	blockers_print(stderr, &blockers, false);
	fprintf(stderr, "%s%sForce it? Type \"yes\": ", price, pinned(patch));
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return !strcmp(answer, "yes");
}

static void use_force(struct job *job)
{
	struct wait wait = { .begin = now_ms(), .end = now_ms() + 10000, .quiet = true };
	int error;

	error = sys_write(sys_path("/sys/kernel/livepatch/%s/force", job->name), "1");
	if (error) {
		job->outcome = OUTCOME_FAILED;
		job->error = strerror(-error);
		return;
	}
	if (wait_transition(&wait, job->name) != WAIT_OVER) {
		job->outcome = OUTCOME_LEFT;
		job->error = "forced, and still not complete";
	}
}

static void refuse_idle(struct job *job)
{
	job->outcome = OUTCOME_FAILED;
	job->error = job->name ? mem_printf("is in no transition: it is %s",
					    patch_state_name(job->state)) :
				 "no patch is in transition";
}

int cmd_force(int argc, char **argv)
{
	const struct verb *verb = manage_verb("force");
	struct job job = { .verb = verb };
	struct options options;
	struct patch patch = { 0 };

	options_read(&options, verb, argc, argv, 0, 1);
	need_livepatch();
	job.options = &options;
	job.wait.begin = now_ms();
	job.name = chosen(&options);
	if (job.name)
		patch_read(job.name, &patch);
	job.state = patch.state;
	if (!job.name || !(BIT(patch.state) & verb->needs)) {
		refuse_idle(&job);
		job.name = job.name ?: "-";
		return job_end(&job);
	}
	if (!options.yes && !agreed(&patch))
		die("force: %s: nothing was done", job.name);
	blockers_read(&patch, &job.blockers);
	use_force(&job);
	job.state = patch_state(job.name);
	job.ms = now_ms() - job.wait.begin;
	return job_end(&job);
}
