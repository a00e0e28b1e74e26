// SPDX-License-Identifier: GPL-2.0
/*
 * status --prometheus: the text format of Prometheus, for node-exporter's textfile
 * collector.  Names are stable.
 */
#include "manage.h"

static void head(struct text *text, const char *name, const char *type, const char *help)
{
	text_add(text, "# HELP livepatch_%s %s\n# TYPE livepatch_%s %s\n", name, help, name, type);
}

/* What the format wants escaped in the value of a label */
static const char *label(const char *value)
{
	struct text text = { 0 };

	text_add(&text, "%s", "");
	for (; *value; value++) {
		if (*value == '\n')
			text_add(&text, "\\n");
		else
			text_add(&text, *value == '\\' || *value == '"' ? "\\%c" : "%c", *value);
	}
	return text.at;
}

static void each(struct text *text, const struct patches *patches, const char *name,
		 unsigned long (*value)(const struct patch *patch))
{
	const struct patch *patch;

	list_for_each(patch, &patches->list)
		text_add(text, "livepatch_%s{patch=\"%s\"} %lu\n", name, label(patch->name),
			 value(patch));
}

static unsigned long is_enabled(const struct patch *patch)
{
	return patch->state == PATCH_ENABLED || patch->state == PATCH_ENABLING;
}

static unsigned long is_moving(const struct patch *patch)
{
	return !!(BIT(patch->state) & PATCH_MOVING);
}

static unsigned long is_forced(const struct patch *patch)
{
	return patch->forced;
}

static unsigned long is_replacing(const struct patch *patch)
{
	return patch->replace;
}

static unsigned long functions(const struct patch *patch)
{
	const struct object *object;
	unsigned long nr = 0;

	list_for_each(object, &patch->objects)
		nr += object->funcs.nr;
	return nr;
}

static unsigned long tasks_left(const struct patch *patch)
{
	struct moved moved = { 0 };

	if (is_moving(patch))
		tasks_count(patch, &moved);
	return moved.left;
}

static void info(struct text *text, const struct patches *patches)
{
	const struct patch *patch;

	list_for_each(patch, &patches->list)
		text_add(text, "livepatch_info{patch=\"%s\",state=\"%s\",version=\"%s\"} 1\n",
			 label(patch->name), patch_state_name(patch->state),
			 label(sys_read(sys_path("/sys/module/%s/version", patch->name)) ?: ""));
}

/* Ways of moving, as they are counted; times have names of their own. */
static void stats(struct text *text, const struct patch *patch)
{
	char *lines = sys_read(sys_path("/sys/kernel/livepatch/%s/stats", patch->name)), *line;
	const char *name = label(patch->name);
	unsigned long value;
	char key[32];

	while (lines && (line = strsep(&lines, "\n"))) {
		if (sscanf(line, "%31s %lu", key, &value) != 2)
			continue;
		text_add(text, "livepatch_transition_stat{patch=\"%s\",stat=\"", name);
		if (str_ends(key, "_us"))
			text_add(text, "%.*s_seconds\"} %lu.%06lu\n", (int)strlen(key) - 3, key,
				 value / 1000000, value % 1000000);
		else
			text_add(text, "%s\"} %lu\n", label(key), value);
	}
}

static void installed(struct text *text)
{
	struct store store;

	store_read(&store, kernel_release());
	head(text, "installed", "gauge", "Patches that are loaded at boot of this kernel");
	text_add(text, "livepatch_installed %zu\n", store.patches.nr);
}

const char *metrics_text(const struct patches *patches)
{
	const struct patch *patch;
	struct text text = { 0 };

	head(&text, "info", "gauge", "Patches whose module is loaded");
	info(&text, patches);
	head(&text, "enabled", "gauge", "Whether the patch is enabled, or being enabled");
	each(&text, patches, "enabled", is_enabled);
	head(&text, "transition", "gauge", "Whether the patch is in transition");
	each(&text, patches, "transition", is_moving);
	head(&text, "tasks_left", "gauge", "Tasks that the transition waits for");
	each(&text, patches, "tasks_left", tasks_left);
	head(&text, "forced", "gauge", "Whether a transition of the patch was forced");
	each(&text, patches, "forced", is_forced);
	head(&text, "replace", "gauge", "Whether the patch replaces all before it");
	each(&text, patches, "replace", is_replacing);
	head(&text, "functions", "gauge", "Functions that the patch replaces");
	each(&text, patches, "functions", functions);
	head(&text, "transition_stat", "gauge", "What the last transition of the patch took");
	list_for_each(patch, &patches->list)
		stats(&text, patch);
	installed(&text);
	return text.at;
}
