// SPDX-License-Identifier: GPL-2.0
/*
 * The core's rehearsal: name the patch, load it, read the report.  Loading fails with
 * ECANCELED, and nothing has changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "check.h"

#define PARAMETERS	"/sys/module/livepatch/parameters"

/* ---- The report ---------------------------------------------------------------- */

/* "object: function: -EBUSY, redirected by somebody else": by whom, if ftrace tells */
static void add_function(struct check *check, const char *line)
{
	const char *function = strstr(line, ": "), *end, *owner = NULL;

	function = function ? function + 2 : line;
	end = strstr(function, ": ");
	if (end && strstr(end, "redirected"))
		owner = redirected_by(mem_strndup(function, (size_t)(end - function)));
	check_problem(check, owner ? "%s: %s" : "%s", line, owner);
}

static void parse_finding(struct check *check, char *line)
{
	static const char absent[] = ": not loaded";

	if (sscanf(line, "functions: %ld ready, %ld when", &check->ready, &check->later) == 2)
		return;
	if (str_ends(line, absent))
		*list_add(&check->absent.list) = mem_strndup(line, strlen(line) - strlen(absent));
	else
		add_function(check, line);
}

static void parse_task(struct check *check, char *line)
{
	struct blocker blocker;

	if (sscanf(line, "running, not looked at: %ld", &check->unseen) == 1 ||
	    sscanf(line, "... %lu more", &check->blockers.more) == 1)
		return;
	if (blocker_parse(line, &blocker))
		*list_add(&check->blockers.list) = blocker;
}

void preflight_parse(struct check *check, char *report)
{
	const char *result = NULL;
	bool tasks = false;
	char *line;

	while ((line = strsep(&report, "\n"))) {
		if (!*line || str_starts(line, "patch: "))
			continue;
		if (str_starts(line, "result: "))
			result = line + strlen("result: ");
		else if (str_starts(line, "tasks that would block now:"))
			tasks = true;
		else if (tasks)
			parse_task(check, line);
		else
			parse_finding(check, line);
	}
	if (!result)
		check_problem(check, "the kernel's report has no result");
	else if (strcmp(result, "ok") && !check->problems.list.nr)
		check_problem(check, "%s", result);
}

/* ---- The rehearsal ------------------------------------------------------------- */

/* Somebody else named another patch in between, so ours was not rehearsed: take it back. */
static void undo(struct check *check)
{
	struct options options = { .timeout = 60 };
	struct job job = {
		.verb = manage_verb("unload"), .options = &options,
		.name = check->module->name, .wait.quiet = true,
	};

	reach(&job);
	check_problem(check, "it was enabled for a moment: somebody else rehearses; now it is %s",
		      patch_state_name(job.state));
}

static void rehearse(struct check *check, const char *params)
{
	int kmsg = kmsg_open(), error;
	char *report;

	error = module_insert(check->module, params);
	if (!error) {
		undo(check);
		return;
	}
	if (error == -ECANCELED) {
		report = sys_read(sys_path(PARAMETERS "/preflight_report"));
		preflight_parse(check, report ?: mem_strdup(""));
		return;
	}
	kmsg_read(kmsg, check->module->name, &check->kernel_log);
	check_problem(check, "the kernel refuses the module: %s", strerror(-error));
}

/* Who else runs klp check waits: there is one parameter for all. */
void preflight(struct check *check, const char *params)
{
	const char *path = sys_path(PARAMETERS "/preflight"), *left;
	int lock = open(path, O_RDWR | O_CLOEXEC), error;

	if (lock < 0 || flock(lock, LOCK_EX))
		die_errno("%s", path);
	signals_catch();	/* named and not rehearsed, the patch could not be loaded */
	error = sys_write(path, check->module->name);
	if (error)
		die("%s: %s", path, strerror(-error));
	rehearse(check, params);
	left = sys_read(path);
	if (left && *left)
		sys_write(path, "\n");
	close(lock);
}
