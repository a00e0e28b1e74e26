// SPDX-License-Identifier: GPL-2.0
/*
 * Which sources of a kernel read a file, by the debug information of the kernel.
 *
 * Each unit of it has a list of files, with the headers.  To read them all takes minutes
 * for a distribution's kernel, so the answer is kept:
 *
 *	k STAMP			what was read: no other image, no other directories
 *	f PATH			a file; the first is number 0
 *	u SOURCE 5 0 17 ...	a unit, and the numbers of its files
 *	x MODULE		without debug information: what it reads is not known
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fts.h>
#include <sys/stat.h>

#include "depend.h"

struct index {
	struct text text;
	struct names *numbers;		/* of files, plus one */
	size_t files, units;
	const char *prefix;		/* of paths into the source, when it was built */
	struct names *modules;		/* that were seen */
	struct names *missing;		/* of these, without debug information so far */
	LIST(const char *) doubtful;	/* that were missing once */
	size_t modules_nr;		/* units in modules */
};

/* ---- Reading debug information -------------------------------------------------------- */

/* Adds a path without "." and "..": compilers write /build/debian/x/../../kernel/fork.c. */
static void add_plain(struct text *out, const char *path)
{
	size_t length;

	for (; *path; path += length) {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (!length || (length == 1 && *path == '.'))
			continue;
		if (length == 2 && str_starts(path, "..")) {
			while (out->size && out->at[--out->size] != '/')
				;
			continue;
		}
		text_add_bytes(out, "/", 1);
		text_add_bytes(out, path, length);
	}
}

/* Good until the next call: there are millions of them. */
static const char *full_path(const char *dir, const char *path)
{
	static struct text out;

	out.size = 0;
	if (*path != '/' && dir)
		add_plain(&out, dir);
	add_plain(&out, path);
	text_add_bytes(&out, "", 0);
	return out.at;
}

static const char *attribute(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;

	return dwarf_formstring(dwarf_attr(die, name, &attr));
}

/* NULL for what the build made: that is not in the source. */
static const char *in_source(const struct index *index, const char *path)
{
	size_t length = strlen(index->prefix);

	if (strncmp(path, index->prefix, length) || path[length] != '/')
		return NULL;
	return path + length + 1;
}

static size_t file_number(struct index *index, const char *path)
{
	size_t number = (size_t)names_get(index->numbers, path);

	if (number)
		return number - 1;
	names_set(index->numbers, mem_strdup(path), (void *)(index->files + 1));
	text_add(&index->text, "f %s\n", path);
	return index->files++;
}

static void add_number(struct text *line, size_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%zu ", number);

	text_add_bytes(line, digits, (size_t)length);
}

static void add_unit(struct index *index, Dwarf_Die *unit)
{
	const char *dir = attribute(unit, DW_AT_comp_dir), *name = attribute(unit, DW_AT_name);
	static struct text line;
	Dwarf_Files *files;
	const char *path;
	size_t nr, i;

	if (!name || dwarf_getsrcfiles(unit, &files, &nr))
		return;
	name = in_source(index, full_path(dir, name));
	if (!name || strpbrk(name, "\n "))
		return;
	line.size = 0;
	text_add(&line, "u %s ", name);
	for (i = 0; i < nr; i++) {
		path = dwarf_filesrc(files, i, NULL, NULL);
		path = path ? in_source(index, full_path(dir, path)) : NULL;
		if (path && !strpbrk(path, "\n "))
			add_number(&line, file_number(index, path));
	}
	text_add_bytes(&index->text, line.at, line.size);
	text_add_bytes(&index->text, "\n", 1);
	index->units++;
}

/* Debug information tells where main.c was; the rest of the source was there, too. */
static void find_prefix(struct index *index, Dwarf_Die *unit)
{
	static const char tail[] = "/init/main.c";
	const char *dir = attribute(unit, DW_AT_comp_dir), *name = attribute(unit, DW_AT_name);

	if (!name)
		return;
	name = full_path(dir, name);
	if (str_ends(name, tail))
		index->prefix = mem_strndup(name, strlen(name) - strlen(tail));
}

static void each_unit(struct index *index, const char *path,
		      void (*see)(struct index *index, Dwarf_Die *unit))
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!dwfl || !dwfl_report_offline(dwfl, "", path, -1) ||
	    dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		return;
	}
	while ((unit = dwfl_nextcu(dwfl, unit, &bias)))
		see(index, unit);
	dwfl_end(dwfl);
}

/* ---- Modules -------------------------------------------------------------------------- */

/* "nf-tables.ko.xz" is "nf_tables"; NULL if it is no module. */
static const char *module_name(const char *file)
{
	const char *end = strstr(file, ".ko");
	char *name, *at;

	if (!end || (end[3] && end[3] != '.'))
		return NULL;
	name = mem_strndup(file, (size_t)(end - file));
	for (at = name; *at; at++)
		*at = *at == '-' ? '_' : *at;
	return name;
}

/* A module may be there twice, and one of them has the debug information. */
static void see_module(struct index *index, const FTSENT *entry)
{
	const char *name = module_name(entry->fts_name);
	size_t units = index->units;

	if (!name || (names_get(index->modules, name) && !names_get(index->missing, name)))
		return;
	progress("reading debug information (once): %zu sources, %s", units, entry->fts_name);
	each_unit(index, entry->fts_path, add_unit);
	names_set(index->modules, name, (void *)name);
	names_set(index->missing, name, index->units == units ? (void *)name : NULL);
	if (index->units == units)
		*list_add(&index->doubtful) = name;
}

static void each_module(struct index *index, const char *dir)
{
	char *const roots[] = { mem_strdup(dir), NULL };
	FTSENT *entry;
	FTS *fts;

	if (!dir_exists(dir))
		return;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_F)
			see_module(index, entry);
	}
	if (fts)
		fts_close(fts);
}

/* Debug packages keep modules beside the image: boot/vmlinux-R, lib/modules/R. */
struct directories {
	const char *at[5];
};

static struct directories directories_of(const struct target *target)
{
	const char *top = path_dir(target->vmlinux), *release = target->release;

	return (struct directories){ {
		target->modules,
		mem_printf("%s/../lib/modules/%s/kernel", top, release),
		mem_printf("%s/kernel", top),
		mem_printf("/usr/lib/debug/lib/modules/%s", release),
		mem_printf("/lib/modules/%s/kernel", release),
	} };
}

static void add_stamp(struct text *text, const char *path)
{
	struct stat st;

	if (path && !stat(path, &st))
		text_add(text, " %s %lld.%09ld %lld", path, (long long)st.st_mtim.tv_sec,
			 st.st_mtim.tv_nsec, (long long)st.st_size);
}

/* A package that is installed since makes its directory anew. */
static const char *stamp_of(const struct target *target)
{
	struct directories directories = directories_of(target);
	struct text text = { 0 };
	size_t i;

	text_add(&text, "k");
	add_stamp(&text, target->vmlinux);
	for (i = 0; i < ARRAY_SIZE(directories.at); i++)
		add_stamp(&text, directories.at[i]);
	text_add(&text, "\n");
	return text.at;
}

static void each_directory(struct index *index, const struct target *target)
{
	struct directories directories = directories_of(target);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories.at); i++) {
		if (directories.at[i])
			each_module(index, directories.at[i]);
	}
}

/* What depends on a header is not known, if a module does not tell what it is made of. */
static void add_missing(struct index *index)
{
	const char *const *name;

	list_for_each(name, &index->doubtful) {
		if (names_get(index->missing, *name))
			text_add(&index->text, "x %s\n", *name);
	}
	if (!index->modules_nr && !index->doubtful.nr)
		text_add(&index->text, "x (none was found)\n");
}

static bool make_index(struct index *index, const struct target *target)
{
	size_t units;

	progress("reading debug information of %s (once)", target->vmlinux);
	index->numbers = names_new();
	index->modules = names_new();
	index->missing = names_new();
	each_unit(index, target->vmlinux, find_prefix);
	if (!index->prefix)
		return false;
	each_unit(index, target->vmlinux, add_unit);
	units = index->units;
	each_directory(index, target);
	index->modules_nr = index->units - units;
	add_missing(index);
	progress_end();
	return units;
}

/* ---- Asking --------------------------------------------------------------------------- */

static char *number_of(const char *text, const char *path)
{
	const char *line, *end;
	size_t nr = 0;

	for (line = text; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (*line != 'f')
			continue;
		if ((size_t)(end - line) == strlen(path) + 2 &&
		    !strncmp(line + 2, path, strlen(path)))
			return mem_printf(" %zu ", nr);
		nr++;
	}
	return NULL;
}

static void find_units(char *text, const char *number, const char *path,
		       void (*found)(const char *source, const char *path, void *arg), void *arg)
{
	char *line, *next, *end;

	for (line = text; *line; line = next) {
		end = strchrnul(line, '\n');
		next = *end ? end + 1 : end;
		*end = '\0';
		if (str_starts(line, "u ") && strstr(line + 2, number))
			found(mem_strndup(line + 2, strcspn(line + 2, " ")), path, arg);
		*end = next > end ? '\n' : '\0';
	}
}

bool depend_dwarf(const struct target *target, const char *cache, const char *path,
		  void (*found)(const char *source, const char *path, void *arg), void *arg)
{
	static struct bytes bytes;
	const char *file = mem_printf("%s/dwarf-files", cache), *number, *missing;
	const char *stamp = stamp_of(target);
	struct index index = { 0 };

	if (!bytes.at && !(file_try_read(file, &bytes) && str_starts((char *)bytes.at, stamp))) {
		text_add(&index.text, "%s", stamp);
		if (!make_index(&index, target))
			return false;
		file_write(file, index.text.at, index.text.size);
		bytes = file_read(file);
	}
	missing = strstr((char *)bytes.at, "\nx ");
	if (missing && !str_ends(path, ".c"))
		die_refused("%s: %.*s has no debug information, to tell if it depends on it; %s",
			    path, (int)strcspn(missing + 3, "\n"), missing + 3,
			    "tell where that is by --modules DIR");
	number = number_of((char *)bytes.at, path);
	if (number)
		find_units((char *)bytes.at, number, path, found, arg);
	return true;
}
