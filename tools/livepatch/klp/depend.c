// SPDX-License-Identifier: GPL-2.0
/*
 * Which objects of the kernel a change of a source file makes differ.
 *
 * Beside each object that kbuild made is a file that lists what it read for it.  A
 * distribution's headers do not have these; there, the debug information of the kernel
 * knows the same.
 */
#include <fts.h>

#include "depend.h"

/* ---- What is done about an object ----------------------------------------------------- */

struct area {
	const char *start;
	enum treatment treatment;
};

/* The first that fits */
static const struct area areas[] = {
	{ "arch/x86/boot/", TREAT_NOTHING },
	{ "arch/x86/purgatory/", TREAT_NOTHING },
	{ "arch/x86/realmode/rm/", TREAT_NOTHING },
	{ "arch/x86/tools/", TREAT_NOTHING },
	{ "drivers/firmware/efi/libstub/", TREAT_NOTHING },
	{ "init/version-timestamp.", TREAT_NOTHING },
	{ "kernel/kheaders.", TREAT_NOTHING },
	{ "scripts/", TREAT_NOTHING },
	{ "tools/", TREAT_NOTHING },
	{ "usr/", TREAT_NOTHING },
	/* Code of the vdso runs in processes, the rest of its directory in the kernel. */
	{ "arch/x86/entry/vdso/vma.", TREAT_COMPARE },
	{ "arch/x86/entry/vdso/extable.", TREAT_COMPARE },
	{ "arch/x86/entry/vdso/vdso32-setup.", TREAT_COMPARE },
	{ "arch/x86/entry/vdso/vdso-image-", TREAT_NOTHING },
	{ "arch/x86/entry/vdso/", TREAT_SAME },
};

enum treatment depend_treatment(const char *object, const char *source)
{
	size_t i;

	if (*path_base(object) == '.' || str_ends(object, ".mod.o"))
		return TREAT_NOTHING;
	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		if (str_starts(object, areas[i].start))
			return areas[i].treatment;
	}
	return str_ends(source, ".c") ? TREAT_COMPARE : TREAT_SAME;
}

static void add(struct dependents *dependents, const char *object, const char *source,
		const char *because, bool is_new)
{
	enum treatment treatment = depend_treatment(object, source);
	struct dependent *dependent;

	if (treatment == TREAT_NOTHING)
		return;
	names_set(dependents->reached, because, (void *)because);
	list_for_each(dependent, &dependents->list) {
		if (!strcmp(dependent->object, object))
			return;
	}
	*list_add(&dependents->list) = (struct dependent){
		.object = mem_strdup(object), .source = mem_strdup(source),
		.because = because, .treatment = treatment, .is_new = is_new,
	};
}

static const char *object_of(const char *source)
{
	return mem_printf("%.*s.o", (int)(strrchr(source, '.') - source), source);
}

/* ---- The records of kbuild ------------------------------------------------------------ */

struct search {
	struct dependents *dependents;
	const struct sources *sources;
	const char *root;		/* of what was built */
	const char *prefixes[3];	/* of paths into the source; the last is NULL */
	size_t records;
	struct text text;
};

/* A path as kbuild wrote it, from the root of the source */
static const char *from_root(const struct search *search, const char *path)
{
	const char *const *prefix;

	while (str_starts(path, "./"))
		path += 2;
	for (prefix = search->prefixes; *prefix; prefix++) {
		if (str_starts(path, *prefix) && path[strlen(*prefix)] == '/')
			return path + strlen(*prefix) + 1;
	}
	while (str_starts(path, "../"))
		path += 3;
	return path;
}

static const char *word_at(const char *text)
{
	return mem_strndup(text, strcspn(text, " \t\n\\"));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Whether a record has a path as one of its words */
static bool names_path(const struct search *search, const char *record, const char *path)
{
	const char *at, *word;

	for (at = strstr(record, path); at; at = strstr(at + 1, path)) {
		for (word = at; word > record && !is_space(word[-1]); word--)
			;
		if (!strcmp(from_root(search, word_at(word)), path))
			return true;
	}
	return false;
}

static void read_record(struct search *search, const char *record, const char *object)
{
	const char *source = strstr(record, "\nsource_");
	const struct touched *file;

	search->records += !!source;
	source = source ? strstr(source, " := ") : NULL;
	if (!source)
		return;
	source += strlen(" := ");
	list_for_each(file, &search->sources->files) {
		if (names_path(search, source, file->path))
			add(search->dependents, object, from_root(search, word_at(source)),
			    file->path, false);
	}
}

/* Into the same memory again and again: there may be ten thousand of them. */
static const char *read_text(struct search *search, const char *path)
{
	FILE *file = fopen(path, "re");
	char part[16384];
	size_t got;

	if (!file)
		die_errno("%s", path);
	search->text.size = 0;
	while ((got = fread(part, 1, sizeof(part), file)))
		text_add_bytes(&search->text, part, got);
	if (ferror(file))
		die_errno("%s", path);
	fclose(file);
	return search->text.size ? search->text.at : "";
}

/* "dir/.name.o.cmd" tells of "dir/name.o". */
static void see_file(struct search *search, const FTSENT *entry)
{
	const char *path = entry->fts_path + strlen(search->root) + 1;
	const char *name = entry->fts_name;

	if (*name != '.' || !(str_ends(name, ".o.cmd") || str_ends(name, ".lds.cmd")))
		return;
	path = mem_printf("%.*s%.*s", (int)(path_base(path) - path), path,
			  (int)(strlen(name) - strlen(".cmd") - 1), name + 1);
	if (depend_treatment(path, ".c") != TREAT_NOTHING)
		read_record(search, read_text(search, entry->fts_path), path);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_barren(const FTSENT *entry)
{
	static const char *const names[] = {
		".git", "Documentation", "scripts", "tools", "usr", "include", "LICENSES", "rust",
	};
	size_t i;

	for (i = 0; entry->fts_level == 1 && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(entry->fts_name, names[i]))
			return true;
	}
	return false;
}

static void search_records(struct search *search)
{
	char *const roots[] = { mem_strdup(search->root), NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;

	if (!fts)
		die_errno("%s", search->root);
	progress("looking for what depends on the changed files");
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D && is_barren(entry))
			fts_set(fts, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F)
			see_file(search, entry);
	}
	fts_close(fts);
	progress_end();
}

/* ---- The debug information ------------------------------------------------------------ */

static void found_unit(const char *source, const char *path, void *arg)
{
	struct search *search = arg;

	if (strrchr(source, '.'))
		add(search->dependents, object_of(source), source, path, false);
}

_Noreturn static void die_unknown(const struct scratch *scratch, const char *path)
{
	if (scratch->target->module)
		die("%s: what depends on it is not known: build the module (make -C %s M=%s)",
		    path, scratch->target->build, scratch->target->module);
	warn("%s: what depends on it cannot be told: %s has no .cmd files of a build, and",
	     path, scratch->target->build);
	die_refused("%s has no debug information; install the kernel's debug package",
		    scratch->target->vmlinux);
}

static void search_dwarf(struct search *search, const struct scratch *scratch)
{
	const struct touched *file;

	list_for_each(file, &search->sources->files) {
		if (file->touch == TOUCH_ADDED)
			continue;
		if (!scratch->target->module &&
		    depend_dwarf(scratch->target, scratch->dir, file->path, found_unit, search))
			continue;
		if (!str_ends(file->path, ".c"))
			die_unknown(scratch, file->path);
		add(search->dependents, object_of(file->path), file->path, file->path, false);
	}
}

/* ---- Both ----------------------------------------------------------------------------- */

void depend_find(struct dependents *dependents, const struct scratch *scratch,
		 const struct sources *sources)
{
	const struct target *target = scratch->target;
	struct search search = {
		.dependents = dependents,
		.sources = sources,
		.root = target->module ?: target->build,
		.prefixes = { scratch->source, path_real(target->build), NULL },
	};
	const struct touched *file;

	dependents->reached = names_new();
	list_for_each(file, &sources->files) {
		if (file->touch == TOUCH_ADDED && str_ends(file->path, ".c"))
			add(dependents, object_of(file->path), file->path, file->path, true);
	}
	search_records(&search);
	if (!search.records)
		search_dwarf(&search, scratch);
}
