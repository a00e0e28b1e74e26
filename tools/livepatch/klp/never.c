// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that tasks never leave.
 *
 * A task moves to a patch when none of what it replaces is on its stack.  Some functions
 * are on the stack of a kernel thread for as long as the machine runs.
 */
#include "never.h"

#define SLEEPERS	"is where all tasks sleep: the transition would never complete"
#define LOOPS		"is never left by the kernel threads that run it: the transition would never complete"

static const struct {
	const char *name, *why;
} never[] = {
	{ "schedule",			SLEEPERS },
	{ "kcompactd",			LOOPS },
	{ "khugepaged",			LOOPS },
	{ "kswapd",			LOOPS },
	{ "kthread",			LOOPS },
	{ "kthread_worker_fn",		LOOPS },
	{ "kthreadd",			LOOPS },
	{ "oom_reaper",			LOOPS },
	{ "rcu_gp_kthread",		LOOPS },
	{ "rcu_tasks_kthread",		LOOPS },
	{ "rescuer_thread",		LOOPS },
	{ "smpboot_thread_fn",		LOOPS },
	{ "worker_thread",		LOOPS },
};

void never_check(const struct diff *diff, struct refusals *refusals)
{
	const struct change *change;
	size_t i;

	if (strcmp(diff->object, KLP_VMLINUX))
		return;
	list_for_each(change, &diff->changes) {
		for (i = 0; i < ARRAY_SIZE(never); i++) {
			if (strcmp(change->place.name, never[i].name))
				continue;
			refuse(refusals, &(struct refusal){
				.class = "never", .file = change->source, .line = change->line,
				.what = mem_printf("function %s()", change->place.name),
				.why = mem_printf("%s, and it %s", change->why, never[i].why),
				.advice = "change functions that it calls, which are left again",
			});
		}
	}
}
