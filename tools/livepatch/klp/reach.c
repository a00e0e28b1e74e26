// SPDX-License-Identifier: GPL-2.0
/*
 * From the state a patch is in to the one that is wanted.
 *
 * The kernel knows no "go there": the table below has the next step from each state, and
 * after each step the state is read again.  So nothing is assumed about what others do
 * meanwhile; a step that has to be done a second time means that somebody works against
 * us, and ends the job.
 */
#include <errno.h>

#include "manage.h"

#define BUSY_TRIES	5
#define REMOVE_MS	10000	/* until the kernel has dropped its reference */
#define LOAD_ANEW	"a disabled patch has to be loaded anew: klp load FILE"
#define REVERT_MS	10000	/* at least, for a way back */

enum step {
	IMPOSSIBLE,
	DONE,
	INSERT,
	REMOVE,
	WAIT,
	ON,
	OFF,
};

/* [goal][state] */
static const enum step next_step[NR_PATCH_STATES][NR_PATCH_STATES] = {
	[PATCH_ENABLED] = {
		[PATCH_ABSENT] = INSERT,
		[PATCH_DISABLED] = REMOVE,	/* it cannot come back but by loading it anew */
		[PATCH_ENABLING] = WAIT,
		[PATCH_ENABLED] = DONE,
		[PATCH_DISABLING] = ON,
	},
	[PATCH_DISABLED] = {
		[PATCH_ABSENT] = DONE,
		[PATCH_DISABLED] = DONE,
		[PATCH_ENABLING] = OFF,
		[PATCH_ENABLED] = OFF,
		[PATCH_DISABLING] = WAIT,
	},
	[PATCH_ABSENT] = {
		[PATCH_ABSENT] = DONE,
		[PATCH_DISABLED] = REMOVE,
		[PATCH_ENABLING] = OFF,
		[PATCH_ENABLED] = OFF,
		[PATCH_DISABLING] = WAIT,
	},
};

/* ---- How it ends: each returns false, for "no further step" -------------------- */

static bool end(struct job *job, enum outcome outcome, const char *error)
{
	job->outcome = outcome;
	job->error = error;
	return false;
}

static const char *refusal_text(int error)
{
	switch (error) {
	case -EPERM:
		return "not permitted: are you root, and is loading of modules allowed";
	case -EBUSY:
		return "busy: somebody else redirects a function, or kernel.ftrace_enabled is 0";
	case -ENOEXEC:
		return "the module was not built for this kernel";
	case -ENOENT:
		return "a symbol that it uses is not there; klp check tells more";
	case -EKEYREJECTED:
	case -ENOKEY:
		return "the kernel demands a signature that it trusts";
	case -ECANCELED:
		return "it was a rehearsal, by livepatch's parameter preflight; try again";
	default:
		return strerror(-error);
	}
}

static bool fits_not(int error)
{
	return error == -EINVAL || error == -ENOEXEC || error == -ENODEV || error == -ENOENT ||
	       error == -EKEYREJECTED || error == -ENOKEY;
}

static bool end_refused(struct job *job, const char *what, int error)
{
	return end(job, fits_not(error) ? OUTCOME_REFUSED : OUTCOME_FAILED,
		   mem_printf("%s: %s", what, refusal_text(error)));
}

/* ---- Turning round ------------------------------------------------------------- */

static int switch_to(const struct job *job, bool on)
{
	return sys_write(sys_path("/sys/kernel/livepatch/%s/enabled", job->name), on ? "1" : "0");
}

static void wait_for_reference(const struct job *job, const struct wait *wait)
{
	uint64_t limit = now_ms() + REMOVE_MS;
	int error;

	do {
		error = module_remove(job->name);
	} while ((error == -EAGAIN || error == -EBUSY) && now_ms() < limit &&
		 wait_ms(wait, 20) == WAIT_OVER);
	if (error && error != -ENOENT)
		warn("%s: its module could not be removed: %s", job->name, strerror(-error));
}

/* Back to where it came from.  Return: whether it got there. */
static bool turn_round(struct job *job)
{
	enum patch_state state = patch_state(job->name), goal;
	unsigned int ms = job->options->timeout * 1000;
	struct wait wait = { .doing = "turning round", .quiet = job->wait.quiet };

	if (!(BIT(state) & PATCH_MOVING))
		return false;
	goal = state == PATCH_ENABLING ? PATCH_DISABLED : PATCH_ENABLED;
	wait.begin = now_ms();
	wait.end = wait.begin + (ms > REVERT_MS ? ms : REVERT_MS);
	signal_clear();
	if (switch_to(job, goal == PATCH_ENABLED))
		return false;
	while ((state = patch_state(job->name)) != goal && state != PATCH_ABSENT) {
		if (wait_transition(&wait, job->name) != WAIT_OVER ||
		    wait_ms(&wait, 10) != WAIT_OVER)
			return false;
	}
	if (goal == PATCH_DISABLED && job->done & BIT(INSERT))
		wait_for_reference(job, &wait);
	return true;
}

static bool ours(const struct job *job)
{
	return job->done & (BIT(INSERT) | BIT(ON) | BIT(OFF));
}

static bool end_of_time(struct job *job)
{
	const char *text = mem_printf("not complete after %u s", job->options->timeout);
	struct patch patch;

	patch_read(job->name, &patch);
	blockers_read(&patch, &job->blockers);
	if (job->options->on_timeout != ON_TIMEOUT_REVERT || !ours(job))
		return end(job, OUTCOME_LEFT, mem_printf("%s; it goes on", text));
	if (turn_round(job))
		return end(job, OUTCOME_REVERTED, mem_printf("%s; turned round", text));
	return end(job, OUTCOME_LEFT, mem_printf("%s, and could not be turned round", text));
}

static bool end_by_signal(struct job *job)
{
	const char *what = "it goes on";

	job->signal = signal_caught();
	if (!ours(job))
		what = "it was left as it is";
	else if (job->options->on_interrupt == ON_TIMEOUT_REVERT)
		what = turn_round(job) ? "turned round" : "it could not be turned round";
	return end(job, OUTCOME_INTERRUPTED, mem_printf("interrupted; %s", what));
}

static bool end_waiting(struct job *job, enum waited waited)
{
	return waited == WAIT_SIGNAL ? end_by_signal(job) : end_of_time(job);
}

/* ---- Steps: each returns whether to go on -------------------------------------- */

static bool took(struct job *job, enum step step)
{
	job->done |= BIT(step);
	return true;
}

/* The core logs a line of its own when it is not for a transition that it is busy. */
static bool is_conflict(const struct job *job)
{
	const char *const *line;

	list_for_each(line, &job->kernel_log.list) {
		if (strstr(*line, "failed to "))
			return true;
	}
	return false;
}

/* Nothing of ours has begun yet, so there is nothing to turn round either. */
static bool wait_for_other(struct job *job, const char *other)
{
	struct wait wait = job->wait;
	enum waited waited;

	note("%s is in transition: waiting for it", other);
	wait.doing = "waiting for";
	waited = wait_transition(&wait, other);
	if (waited == WAIT_OVER)
		return true;
	if (waited == WAIT_SIGNAL)
		return end_by_signal(job);
	return end(job, OUTCOME_LEFT, mem_printf("another patch is in transition: %s", other));
}

static bool busy(struct job *job, const char *what, int error, unsigned int *tries)
{
	const char *other = patch_moving();
	enum waited waited;

	if (error == -EBUSY && is_conflict(job))
		return end_refused(job, what, error);
	if (other && strcmp(other, job->name))
		return wait_for_other(job, other);
	if (++*tries > BUSY_TRIES)
		return end_refused(job, what, error);
	waited = wait_ms(&job->wait, 100 * *tries);
	return waited == WAIT_OVER || end_waiting(job, waited);
}

static bool insert(struct job *job, int kmsg, unsigned int *tries)
{
	const char *other = patch_moving();
	int error;

	if (!job->module)
		return end(job, OUTCOME_FAILED, LOAD_ANEW);
	if (other)
		return wait_for_other(job, other);
	error = module_insert(job->module, job->params);
	kmsg_read(kmsg, job->name, &job->kernel_log);
	if (!error)
		return took(job, INSERT);
	if (error == -EBUSY || error == -EAGAIN)
		return busy(job, "the kernel refuses it", error, tries);
	if (error == -EEXIST && patch_state(job->name) == PATCH_ABSENT)
		return end(job, OUTCOME_FAILED, "a loaded module of that name is no livepatch");
	if (error == -EEXIST)
		return true;
	return end_refused(job, "the kernel refuses it", error);
}

static const char *why_kept(const struct job *job)
{
	struct patch patch;

	patch_read(job->name, &patch);
	if (patch.forced)
		return "its module stays until the next boot, since the patch was forced";
	return mem_printf("its module is in use (%ld)",
			  sys_number(sys_path("/sys/module/%s/refcnt", job->name), -1));
}

static bool removal(struct job *job)
{
	uint64_t limit = now_ms() + REMOVE_MS;
	enum waited waited = WAIT_OVER;
	int error = module_remove(job->name);

	while ((error == -EAGAIN || error == -EBUSY) && now_ms() < limit && waited == WAIT_OVER) {
		waited = wait_ms(&job->wait, 20);
		error = module_remove(job->name);
	}
	if (!error || error == -ENOENT)
		return took(job, REMOVE);
	if (waited == WAIT_SIGNAL)
		return end_by_signal(job);
	if (error == -EAGAIN || error == -EBUSY)
		return end(job, OUTCOME_FAILED, why_kept(job));
	return end_refused(job, "its module cannot be removed", error);
}

/* EINVAL, ENOENT, ENODEV: it is so by now, or is gone; the state tells. */
static bool change(struct job *job, enum step step, unsigned int *tries)
{
	const char *what = step == ON ? "it cannot be enabled" : "it cannot be disabled";
	int error = switch_to(job, step == ON);

	if (!error)
		return took(job, step);
	if (error == -EBUSY || ((error == -EINVAL || error == -ENOENT || error == -ENODEV) &&
				*tries < BUSY_TRIES))
		return busy(job, what, error, tries);
	return end_refused(job, what, error);
}

static bool wait_over(struct job *job, enum patch_state state)
{
	enum waited waited;

	job->wait.doing = patch_state_name(state);
	waited = wait_transition(&job->wait, job->name);
	if (waited == WAIT_OVER && patch_state(job->name) == state)
		waited = wait_ms(&job->wait, 10);	/* its directory is about to go */
	return waited == WAIT_OVER || end_waiting(job, waited);
}

static bool take(struct job *job, enum step step, enum patch_state state, int kmsg,
		 unsigned int *tries)
{
	if (job->done & BIT(step))
		return end(job, OUTCOME_FAILED,
			   mem_printf("it is %s, against what was done: somebody else is at it",
				      patch_state_name(state)));
	switch (step) {
	case DONE:
		return end(job, OUTCOME_OK, NULL);
	case INSERT:
		return insert(job, kmsg, tries);
	case REMOVE:
		return removal(job);
	case WAIT:
		return wait_over(job, state);
	case ON:
	case OFF:
		return change(job, step, tries);
	case IMPOSSIBLE:
		break;
	}
	return end(job, OUTCOME_FAILED, "this cannot be done");
}

/* Without its file, a module that is removed would not come back. */
static bool may_begin(struct job *job, enum patch_state state)
{
	if (!(BIT(state) & job->verb->needs))
		return end(job, OUTCOME_FAILED, mem_printf("no such patch: it is %s",
							   patch_state_name(state)));
	if (job->module && job->verb->reaches == PATCH_ENABLED &&
	    BIT(state) & (PATCH_MOVING | BIT(PATCH_ENABLED)) && module_is_another(job->module))
		return end(job, OUTCOME_REFUSED, ANOTHER_LOADED);
	if (next_step[job->verb->reaches][state] == REMOVE &&
	    job->verb->reaches == PATCH_ENABLED && !job->module)
		return end(job, OUTCOME_FAILED, LOAD_ANEW);
	return true;
}

void reach(struct job *job)
{
	enum patch_state state = patch_state(job->name);
	unsigned int ms = job->options->timeout * 1000, tries = 0;
	int kmsg = kmsg_open();

	job->wait.begin = now_ms();
	job->wait.end = ms ? job->wait.begin + ms : 0;
	job->quick = state == job->verb->reaches;
	if (may_begin(job, state)) {
		signals_catch();
		while (take(job, next_step[job->verb->reaches][state], state, kmsg, &tries))
			state = patch_state(job->name);
	}
	kmsg_read(kmsg, job->name, &job->kernel_log);
	job->state = patch_state(job->name);
	job->ms = now_ms() - job->wait.begin;
}
