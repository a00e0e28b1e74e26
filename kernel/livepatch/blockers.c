// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who blocks: tells of every task that has yet to move what stands in its way, as it
 * is now.
 */
#include <linux/cleanup.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>

#include "blockers.h"
#include "live.h"
#include "transition.h"
#include "walk.h"
#include "why.h"

/* Kept free for the line that says how many there was no room for, and one more */
#define KLP_REPORT_RESERVE	64

/* Adds a line, or nothing of it */
void klp_report_line(struct klp_report *report, const char *format, ...)
{
	int room = PAGE_SIZE - KLP_REPORT_RESERVE - report->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(report->buf + report->len, room, format, args);
	va_end(args);
	if (len < room && !report->more) {
		report->len += len;
		return;
	}
	report->buf[report->len] = '\0';
	report->more++;
}

void klp_report_end(struct klp_report *report)
{
	if (report->more)
		report->len += scnprintf(report->buf + report->len,
					 PAGE_SIZE - report->len,
					 "... %u more\n", report->more);
}

/*
 * Since when a task has kept a transition waiting that began at @began: those that
 * were born later have waited since then.
 */
static s64 klp_task_waiting_ms(const struct task_struct *task, ktime_t began)
{
	ktime_t born = ns_to_ktime(task->start_time);

	return ktime_ms_delta(ktime_get(), max(began, born));
}

/* A name may have anything in it: what is not printable ASCII is escaped, as in C */
static void klp_task_name(struct task_struct *task, char *buf, size_t size)
{
	char comm[TASK_COMM_LEN];
	int len;

	get_task_comm(comm, task);
	len = string_escape_mem(comm, strlen(comm), buf, size - 1,
				ESCAPE_ANY | ESCAPE_NAP | ESCAPE_APPEND, "\\");
	buf[len] = '\0';
}

static void klp_report_task(struct klp_report *report, struct task_struct *task,
			    const struct klp_try *try, int side,
			    unsigned int attempts, s64 ms)
{
	char why[KLP_WHY_LEN], name[4 * TASK_COMM_LEN];

	klp_task_name(task, name, sizeof(name));
	klp_report_line(report, "%d\t%d\t%s\t%s\t%u\t%lld\t%s\n",
			task_tgid_nr(task), task_pid_nr(task), name,
			klp_side_name(side), attempts, ms, klp_why(why, try));
}

/* What comes next is the list of tasks */
void klp_report_list(struct klp_report *report)
{
	report->list = report->len;
	report->list_more = report->more;
}

/* The walk starts over, so the list does */
void klp_report_again(void *arg)
{
	struct klp_report *report = arg;

	report->len = report->list;
	report->more = report->list_more;
}

static void klp_report_blocker(struct task_struct *task, void *arg)
{
	ktime_t began = klp_transition_patch()->stats.began;
	struct klp_report *report = arg;
	int side = klp_task_side(task);
	struct klp_try try = { .ranges = klp_transition_leaving(side) };

	if (!klp_patch_pending(task))
		return;
	if (report->more) {
		report->more++;
		return;
	}
	klp_task_look(task, &try);
	klp_report_task(report, task, &try, side, task->klp_tries,
			klp_task_waiting_ms(task, began));
}

/**
 * struct klp_forecast - who would block
 * @report:	where to write
 * @ranges:	the code that would be left
 * @running:	number of tasks that could not be looked at
 */
struct klp_forecast {
	struct klp_report *report;
	const struct klp_ranges *ranges;
	unsigned int running;
};

static void klp_forecast_task(struct task_struct *task, void *arg)
{
	struct klp_forecast *forecast = arg;
	struct klp_try try = { .ranges = forecast->ranges };

	klp_task_look(task, &try);
	if (try.verdict == KLP_RUNNING)
		forecast->running++;
	else if (try.verdict != KLP_MOVED)
		klp_report_task(forecast->report, task, &try,
				KLP_TRANSITION_UNPATCHED, 0, 0);
}

static void klp_forecast_again(void *arg)
{
	struct klp_forecast *forecast = arg;

	klp_report_again(forecast->report);
	forecast->running = 0;
}

/**
 * klp_report_would_block() - list the tasks that could not leave some code now
 * @report:	where to write
 * @ranges:	the code
 *
 * Context: Process context.  Expects klp_mutex held.
 */
void klp_report_would_block(struct klp_report *report,
			    const struct klp_ranges *ranges)
{
	struct klp_forecast forecast = { .report = report, .ranges = ranges };
	struct klp_cursor cursor = { .again = klp_forecast_again };

	lockdep_assert_held(&klp_mutex);
	klp_report_list(report);
	while (klp_walk_batch(&cursor, klp_forecast_task, &forecast))
		cond_resched();
	klp_report_line(report, "running, not looked at: %u\n",
			forecast.running);
}

/* Returns true if there is more to visit */
static bool klp_blockers_batch(struct klp_live_patch *patch,
			       struct klp_cursor *cursor, unsigned long epoch,
			       struct klp_report *report)
{
	guard(klp_mutex)();
	if (klp_transition_patch() != patch || !klp_transition_moving() ||
	    klp_transition_epoch() != epoch) {
		klp_walk_end(cursor);
		return false;
	}
	if (klp_walk_batch(cursor, klp_report_blocker, report))
		return true;
	klp_walk_idle(klp_report_blocker, report);
	return false;
}

/**
 * klp_blockers_show() - list the tasks that have yet to move
 * @patch:	the patch; nothing is listed unless it is in transition
 * @buf:	a page
 *
 * One line for each: process, thread, name, side, failed attempts, milliseconds
 * waiting and reason, with tabs between.  Nobody is moved by being looked at.
 *
 * Context: Process context, with no lock held.  Takes klp_mutex for a batch of tasks
 * at a time.
 * Return: the length of the text, in bytes.
 */
int klp_blockers_show(struct klp_live_patch *patch, char *buf)
{
	unsigned long epoch = klp_transition_epoch();
	struct klp_report report = { .buf = buf };
	struct klp_cursor cursor = { .again = klp_report_again };

	while (klp_blockers_batch(patch, &cursor, epoch, &report))
		cond_resched();
	klp_report_end(&report);
	return report.len;
}
