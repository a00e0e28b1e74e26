// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preflight: tells whether a patch could be enabled now, and who would block it,
 * without enabling it.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blockers.h"
#include "core.h"
#include "live.h"
#include "preflight.h"
#include "site.h"
#include "stack.h"
#include "symbol.h"
#include "transition.h"
#include "verify.h"

/**
 * DOC: Preflight
 *
 * The name of a patch module written to ``/sys/module/livepatch/parameters/preflight``
 * makes the next klp_enable_patch() of that module a rehearsal.  Everything is looked
 * at that would be decided at once: symbols, sizes, relocations, system states, ftrace
 * locations, who else redirects a function; and, since that is what takes time, which
 * tasks stand now in code that they would have to leave.  What was found is in
 * ``preflight_report`` beside it; klp_enable_patch() returns -ECANCELED, and nothing has
 * changed.
 *
 * No callback is called, and no function is redirected: what a pre_patch callback would
 * say, and whether memory would suffice, remains open.
 */

/* Protects both.  Nothing is taken under it; see klp_forced_mutex. */
static DEFINE_MUTEX(klp_preflight_mutex);
static char klp_preflight_name[MODULE_NAME_LEN];
static char *klp_preflight_text;

static int klp_preflight_name_set(const char *val, const struct kernel_param *kp)
{
	char text[MODULE_NAME_LEN + 1], *name;

	if (strscpy(text, skip_spaces(val), sizeof(text)) < 0)
		return -EINVAL;
	name = strim(text);
	if (strlen(name) >= sizeof(klp_preflight_name))
		return -EINVAL;
	guard(mutex)(&klp_preflight_mutex);
	strscpy(klp_preflight_name, name, sizeof(klp_preflight_name));
	strreplace(klp_preflight_name, '-', '_');
	return 0;
}

static int klp_preflight_name_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&klp_preflight_mutex);
	return scnprintf(buf, PAGE_SIZE, "%s\n", klp_preflight_name);
}

static const struct kernel_param_ops klp_preflight_name_ops = {
	.set = klp_preflight_name_set,
	.get = klp_preflight_name_get,
};

module_param_cb(preflight, &klp_preflight_name_ops, NULL, 0644);
MODULE_PARM_DESC(preflight,
		 "the patch module whose next attempt to be enabled is a rehearsal");

static int klp_preflight_text_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int klp_preflight_text_get(char *buf, const struct kernel_param *kp)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	guard(mutex)(&klp_preflight_mutex);
	return scnprintf(buf, PAGE_SIZE, "%s", klp_preflight_text ?: "");
}

static const struct kernel_param_ops klp_preflight_text_ops = {
	.set = klp_preflight_text_set,	/* on the command line */
	.get = klp_preflight_text_get,
};

module_param_cb(preflight_report, &klp_preflight_text_ops, NULL, 0400);
MODULE_PARM_DESC(preflight_report, "what the last rehearsal found");

/* Is the patch of this module to be looked at only? */
bool klp_preflight_due(const struct module *mod)
{
	guard(mutex)(&klp_preflight_mutex);
	return !strcmp(klp_preflight_name, mod->name);
}

/* The report takes the place of the last one, and what it is about is not due any more */
static void klp_preflight_done(const struct klp_live_patch *patch, struct klp_report *report)
{
	scoped_guard(mutex, &klp_preflight_mutex) {
		swap(klp_preflight_text, report->buf);
		if (!strcmp(klp_preflight_name, klp_patch_name(patch)))
			*klp_preflight_name = '\0';
	}
	free_page((unsigned long)report->buf);
}

/**
 * struct klp_inspection - what is being found out about the functions of a patch
 * @report:	where to write
 * @good:	number of functions that could be redirected
 * @late:	number of functions of modules that are not loaded
 * @error:	the first problem
 */
struct klp_inspection {
	struct klp_report *report;
	unsigned int good;
	unsigned int late;
	int error;
};

static void klp_inspect_problem(struct klp_inspection *all,
				const struct klp_live_object *obj,
				const char *what, int error, const char *why)
{
	all->error = all->error ?: error;
	klp_report_line(all->report, "%s: %s: %pe%s\n", klp_object_name(obj),
			what, ERR_PTR(error), why);
}

static void klp_inspect_func(const struct klp_live_func *func, int error,
			     struct klp_inspection *all)
{
	if (error)
		klp_inspect_problem(all, func->object, func->decl->old_name,
				    error, "");
	else if (!klp_object_is_loaded(func->object))
		all->late++;
	else if (klp_location_taken(func->ip))
		klp_inspect_problem(all, func->object, func->decl->old_name,
				    -EBUSY, ", redirected by somebody else");
	else
		all->good++;
}

static int klp_inspect_difference(void *cookie,
				  const struct klp_live_object *obj,
				  const char *func, const char *why)
{
	struct klp_inspection *all = cookie;

	all->error = all->error ?: -ENOEXEC;
	klp_report_line(all->report, "%s: %s%s%pe, %s\n", klp_object_name(obj),
			func ?: "", func ? ": " : "", ERR_PTR(-ENOEXEC), why);
	return 0;
}

static void klp_inspect_object(struct klp_live_object *obj,
			       struct klp_symbols *syms,
			       struct klp_inspection *all)
{
	struct klp_live_func *func;
	int error = klp_object_find_module(obj, syms);

	if (error) {
		klp_inspect_problem(all, obj, "relocations", error, "");
		return;
	}
	if (!klp_object_is_loaded(obj))
		klp_report_line(all->report, "%s: not loaded\n",
				klp_object_name(obj));
	klp_for_each_func(obj, func)
		klp_inspect_func(func, klp_func_resolve(func, syms), all);
	if (!klp_object_is_loaded(obj))
		return;
	error = klp_object_verify(obj, klp_inspect_difference, all);
	if (error)
		klp_inspect_problem(all, obj, "checksums", error, "");
}

/* Finds everything that the patch names, as far as that goes */
static int klp_inspect_patch(struct klp_live_patch *patch,
			     struct klp_report *report)
{
	struct klp_symbols syms = KLP_SYMBOLS_INIT(syms);
	struct klp_inspection all = { .report = report };
	struct klp_live_object *obj;

	klp_for_each_object(patch, obj)
		klp_inspect_object(obj, &syms, &all);
	klp_symbols_free(&syms);
	if (all.good && !all.error && !klp_location_possible()) {
		all.error = -EBUSY;
		klp_report_line(report, "kernel.ftrace_enabled is 0\n");
	}
	klp_report_line(report, "functions: %u ready, %u when their modules come\n",
			all.good, all.late);
	return all.error;
}

/* What tasks would leave if the patch were enabled */
static void klp_preview_collect(struct klp_ranges *ranges,
				struct klp_live_patch *patch)
{
	struct klp_live_patch *other;
	struct klp_live_object *obj;
	struct klp_live_func *func;

	klp_for_each_object(patch, obj)
		klp_for_each_func(obj, func)
			if (func->ip)
				klp_sites_preview(ranges, func);
	klp_for_each_patch(other)
		if (patch->decl->replace && other != patch)
			klp_for_each_object(other, obj)
				klp_for_each_func(obj, func)
					klp_func_ranges(ranges, func);
}

static int klp_preview_tasks(struct klp_live_patch *patch,
			     struct klp_report *report)
{
	struct klp_ranges count = {}, *ranges;

	klp_preview_collect(&count, patch);
	ranges = klp_ranges_alloc(count.nr);
	if (!ranges)
		return -ENOMEM;
	klp_preview_collect(ranges, patch);
	klp_ranges_sort(ranges);
	klp_report_line(report, "tasks that would block now:\n");
	klp_report_would_block(report, ranges);
	kvfree(ranges);
	return 0;
}

/* Among the other patches, so that a frame in it has a name */
static int klp_preflight_look(struct klp_live_patch *patch,
			      struct klp_report *report)
{
	int ret = klp_inspect_patch(patch, report);

	if (!klp_transition_patch()) {
		list_add_tail(&patch->node, &klp_patches);
		ret = klp_preview_tasks(patch, report) ?: ret;
		list_del_init(&patch->node);
	}
	klp_patch_forget(patch);
	return ret;
}

/* What klp_patch_admit() or klp_sysfs_add() had to say */
static void klp_report_refusal(struct klp_report *report, int refusal)
{
	const struct klp_live_patch *busy = klp_transition_patch();

	if (busy)
		klp_report_line(report, "another patch is in transition: %s\n",
				klp_patch_name(busy));
	else if (refusal == -EINVAL)
		klp_report_line(report,
				"a system state that an enabled patch has changed stands against it\n");
	else if (refusal == -EEXIST)
		klp_report_line(report,
				"an object, or a function of one, is declared twice\n");
}

/* There is always room for it */
static void klp_report_result(struct klp_report *report, int ret)
{
	char *end = report->buf + report->len;
	int room = PAGE_SIZE - report->len;

	if (ret)
		scnprintf(end, room, "result: %pe\n", ERR_PTR(ret));
	else
		scnprintf(end, room, "result: ok\n");
}

/**
 * klp_preflight() - look at everything that enabling a patch would depend on
 * @patch:	a new patch
 * @refusal:	why it would not even be looked at, or 0
 *
 * What it finds replaces the last report.
 *
 * Context: Process context.  Expects klp_lock() held, throughout: a rehearsal with
 * thousands of tasks keeps others waiting as long as registering its functions would.
 * Return: -ECANCELED, or -ENOMEM if the report is still the last one, and the next
 * attempt a rehearsal, too.
 */
int klp_preflight(struct klp_live_patch *patch, int refusal)
{
	struct klp_report report = {};
	int ret;

	lockdep_assert_held(&klp_mutex);
	report.buf = (char *)get_zeroed_page(GFP_KERNEL);
	if (!report.buf)
		return -ENOMEM;
	klp_report_line(&report, "patch: %s\n", klp_patch_name(patch));
	klp_report_refusal(&report, refusal);
	ret = klp_preflight_look(patch, &report);
	klp_report_end(&report);
	klp_report_result(&report, refusal ?: ret);
	klp_preflight_done(patch, &report);
	return -ECANCELED;
}
