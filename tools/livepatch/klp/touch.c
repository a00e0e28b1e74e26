// SPDX-License-Identifier: GPL-2.0
/*
 * Files that no patch can change, and those that need none.
 *
 * What a file is, is told by its path: the rows of the table are asked in their order.
 */
#include "depend.h"
#include "touch.h"

#define LEAVE_OUT	"leave this file out of the diff; it takes effect with the next kernel"

struct rule {
	const char *start, *end;	/* of the path; NULL: any */
	const char *class;		/* NULL: the file does not count */
	const char *why, *advice;
};

static const struct rule rules[] = {
	{ "Documentation/", NULL, NULL, NULL, NULL },
	{ "LICENSES/", NULL, NULL, NULL, NULL },
	{ "samples/", NULL, NULL, NULL, NULL },
	{ "scripts/", NULL, NULL, NULL, NULL },
	{ "tools/", NULL, NULL, NULL, NULL },
	{ "usr/", NULL, NULL, NULL, NULL },
	{ "debian/", NULL, NULL, NULL, NULL },
	{ NULL, ".rst", NULL, NULL, NULL },
	{ NULL, ".txt", NULL, NULL, NULL },
	{ "arch/x86/boot/", NULL, "boot", "runs before the kernel, not in it", LEAVE_OUT },
	{ "arch/x86/purgatory/", NULL, "boot", "runs between two kernels", LEAVE_OUT },
	{ "arch/x86/realmode/", NULL, "boot", "runs before the kernel, on each CPU", LEAVE_OUT },
	{ "drivers/firmware/efi/libstub/", NULL, "boot", "runs before the kernel, not in it",
	  LEAVE_OUT },
	{ NULL, ".lds.S", "linker", "lays out the kernel when it is linked", LEAVE_OUT },
	{ NULL, ".lds.h", "linker", "lays out the kernel when it is linked", LEAVE_OUT },
	{ NULL, ".S", "asm", "is assembler: its code has no entry that can be redirected",
	  "change the C functions that call it" },
	{ NULL, ".tbl", "syscall", "makes tables that the running kernel has already",
	  "change the functions of the system calls" },
};

static bool ends_with(const char *path, const char *end)
{
	return !end || str_ends(path, end);
}

static const struct rule *find_rule(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if ((!rules[i].start || str_starts(path, rules[i].start)) &&
		    ends_with(path, rules[i].end))
			return &rules[i];
	}
	return NULL;
}

/* Names of the top directory without a dot: COPYING, MAINTAINERS */
static bool is_top_text(const char *path)
{
	return !strchr(path, '/') && strcmp(path, "Makefile") && strcmp(path, "Kbuild") &&
	       strcmp(path, "Kconfig");
}

static bool is_other_arch(const char *path)
{
	return str_starts(path, "arch/") && strchr(path + 5, '/') && !str_starts(path, "arch/x86/");
}

static bool does_not_count(const struct touched *file, const struct scratch *scratch)
{
	const struct rule *rule = find_rule(file->path);

	if (file->touch == TOUCH_MODE || *path_base(file->path) == '.')
		return true;
	if (scratch->target->module)
		return str_ends(file->path, ".rst") || str_ends(file->path, ".txt") ||
		       str_ends(file->path, ".md");
	return (rule && !rule->class) || is_other_arch(file->path) || is_top_text(file->path);
}

/* ---- Makefiles ------------------------------------------------------------------------ */

static bool is_makefile(const char *path)
{
	const char *base = path_base(path);

	return !strcmp(base, "Makefile") || !strcmp(base, "Kbuild") ||
	       str_starts(base, "Makefile.");
}

static bool is_object_word(const char *word)
{
	return str_starts(word, "obj-") || str_starts(word, "$(CONFIG_") || str_ends(word, "-y") ||
	       str_ends(word, "-objs") || strstr(word, "-$(CONFIG_") || !strcmp(word, ":=") ||
	       !strcmp(word, "+=") || !strcmp(word, "=") || !strcmp(word, "\\") ||
	       str_ends(word, ".o");
}

/* The words of all lines with that sign; false if one has nothing to do with objects. */
static bool object_words(const char *hunks, char sign, struct names *objects)
{
	char *text = mem_strdup(hunks), *line, *word;

	while ((line = strsep(&text, "\n"))) {
		if (*line++ != sign)
			continue;
		line[strcspn(line, "#")] = '\0';
		while ((word = strsep(&line, " \t"))) {
			if (*word && !is_object_word(word))
				return false;
			if (str_ends(word, ".o"))
				names_set(objects, word, word);
		}
	}
	return true;
}

static bool all_again(const char *hunks, const struct names *objects)
{
	char *text = mem_strdup(hunks), *line, *word;

	while ((line = strsep(&text, "\n"))) {
		if (*line++ != '-')
			continue;
		while ((word = strsep(&line, " \t"))) {
			if (str_ends(word, ".o") && !names_get(objects, word))
				return false;
		}
	}
	return true;
}

bool makefile_only_adds(const char *hunks)
{
	struct names *added = names_new();

	return object_words(hunks, '+', added) && object_words(hunks, '-', names_new()) &&
	       all_again(hunks, added);
}

/* ---- Refusals ------------------------------------------------------------------------- */

static void no(struct refusals *refusals, const struct touched *file, const char *class,
	       const char *why, const char *advice)
{
	refuse(refusals, &(struct refusal){
		.class = class, .file = file->path, .what = "the file", .why = why,
		.advice = advice,
	});
}

static void check_touch(const struct touched *file, struct refusals *refusals)
{
	if (file->touch == TOUCH_REMOVED)
		no(refusals, file, "removed", "is deleted, but its code may be running",
		   "keep it; change the functions that use it");
	else if (file->touch == TOUCH_RENAMED)
		no(refusals, file, "renamed", "is renamed or copied, which changes no code",
		   "make the diff without renames (git diff --no-renames), of the old file");
	else if (file->touch == TOUCH_BINARY)
		no(refusals, file, "binary", "is not text", "leave this file out of the diff");
}

static void check_path(const struct touched *file, struct refusals *refusals)
{
	const struct rule *rule = find_rule(file->path);

	if (rule && rule->class)
		no(refusals, file, rule->class, rule->why, rule->advice);
	else if (depend_treatment(file->path, ".c") == TREAT_SAME)
		no(refusals, file, "vdso", "is code of processes, which they have mapped already",
		   LEAVE_OUT);
	else if (str_starts(path_base(file->path), "Kconfig"))
		no(refusals, file, "config", "configures a kernel that is there already",
		   LEAVE_OUT);
	else if (is_makefile(file->path) && !makefile_only_adds(file->hunks.at ?: ""))
		no(refusals, file, "makefile", "changes more than which objects there are",
		   "leave it out of the diff, or only add objects by it");
}

static void check_presence(const struct touched *file, const struct scratch *scratch)
{
	bool there = file_exists(mem_printf("%s/%s", scratch->before, file->path));

	if (there && file->touch == TOUCH_ADDED)
		die("%s:%u: %s: the diff adds it, but it is there already", file->diff, file->line,
		    file->path);
}

/* A file that an earlier diff adds may be changed by a later one. */
static void check_known(const struct sources *sources, const struct scratch *scratch)
{
	struct names *added = names_new();
	const struct touched *file;

	list_for_each(file, &sources->files) {
		check_presence(file, scratch);
		if (file->touch == TOUCH_ADDED)
			names_set(added, file->path, (void *)file);
		else if (!names_get(added, file->path) &&
			 !file_exists(mem_printf("%s/%s", scratch->before, file->path)))
			die("%s:%u: %s: there is no such file in %s", file->diff, file->line,
			    file->path, scratch->source);
	}
}

void touch_check(struct sources *sources, const struct scratch *scratch,
		 struct refusals *refusals, struct ignored *ignored)
{
	struct touched *file, *kept = sources->files.at;

	list_for_each(file, &sources->files) {
		if (does_not_count(file, scratch)) {
			*list_add(&ignored->paths) = file->path;
			continue;
		}
		check_touch(file, refusals);
		if (!scratch->target->module)
			check_path(file, refusals);
		*kept++ = *file;
	}
	sources->files.nr = (size_t)(kept - sources->files.at);
	if (!refusals->list.nr)
		check_known(sources, scratch);
}
