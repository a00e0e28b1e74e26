// SPDX-License-Identifier: GPL-2.0
/* Finds the file of a module of the kernel that is to be patched. */
#include <fts.h>
#include <unistd.h>

#include "target.h"

/* How the files of modules end, and what makes them readable. */
static const struct {
	const char *end, *program;
} endings[] = {
	{ ".ko", NULL },
	{ ".ko.debug", NULL },
	{ ".ko.xz", "xz" },
	{ ".ko.zst", "zstd" },
	{ ".ko.gz", "gzip" },
};

/* Module names know no dash, their files may. */
static bool is_named(const char *file, const char *name, const char *end)
{
	size_t i, length = strlen(name);

	for (i = 0; i < length; i++) {
		if ((file[i] == '-' ? '_' : file[i]) != name[i])
			return false;
	}
	return !strcmp(file + length, end);
}

static int find_ending(const char *file, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(endings); i++) {
		if (is_named(file, name, endings[i].end))
			return (int)i;
	}
	return -1;
}

static char *search(const char *dir, const char *name, int *ending)
{
	char *const roots[] = { mem_strdup(dir), NULL };
	char *found = NULL;
	FTSENT *entry;
	FTS *fts;

	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (fts && !found && (entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F)
			continue;
		*ending = find_ending(entry->fts_name, name);
		if (*ending >= 0)
			found = mem_strdup(entry->fts_path);
	}
	if (fts)
		fts_close(fts);
	return found;
}

static char *decompress(const char *path, const char *program, const char *name,
			const char *scratch)
{
	struct text text = { 0 };
	struct run how = {
		.argv = (const char *[]){ program, "-dc", path, NULL },
		.output = &text,
		.quiet_input = true,
	};
	char *to = mem_printf("%s/modules/%s.ko", scratch, name);

	if (run(&how))
		die("%s: %s cannot decompress it", path, program);
	dir_make(path_dir(to));
	file_write(to, text.at, text.size);
	return to;
}

static char *find_in(const char *const *dirs, size_t nr, const char *name, const char *scratch)
{
	int ending = -1;
	char *found;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!dirs[i] || !dir_exists(dirs[i]))
			continue;
		found = search(dirs[i], name, &ending);
		if (found && endings[ending].program)
			return decompress(found, endings[ending].program, name, scratch);
		if (found)
			return found;
	}
	return NULL;
}

/* Debug packages keep modules beside the image, or where distributions have agreed. */
char *target_module_debug(const struct target *target, const char *name, const char *scratch)
{
	const char *const dirs[] = {
		mem_printf("%s/../lib/modules/%s", path_dir(target->vmlinux), target->release),
		mem_printf("/usr/lib/debug/lib/modules/%s", target->release),
		target->modules,	/* the stripped ones, perhaps */
	};

	return find_in(dirs, ARRAY_SIZE(dirs), name, scratch);
}

char *target_module(const struct target *target, const char *name, const char *scratch)
{
	const char *const dirs[] = {
		target->modules,
		target->module,
		target->build,
		mem_printf("/lib/modules/%s/kernel", target->release),
		mem_printf("/lib/modules/%s", target->release),
		mem_printf("/usr/lib/debug/lib/modules/%s", target->release),
	};

	return find_in(dirs, ARRAY_SIZE(dirs), name, scratch);
}
