// SPDX-License-Identifier: GPL-2.0
/* Where functions and variables are declared, as DWARF tells, and what is written there. */
#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include "object.h"

struct line {
	const char *file;
	const char *dir;		/* where the compiler ran */
	unsigned int line;
};

static const char *compiled_in(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *dir;
	Dwarf_Die unit;

	if (!dwarf_diecu(die, &unit, NULL, NULL))
		return NULL;
	dir = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
	return dir ? mem_strdup(dir) : NULL;
}

static void add_line(struct names *lines, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
	struct line *line;
	int number;

	if (!name || names_get(lines, name) || dwarf_decl_line(die, &number) ||
	    dwarf_hasattr(die, DW_AT_declaration))
		return;
	line = mem_alloc(sizeof(*line));
	line->file = file ? mem_strdup(str_starts(file, "./") ? file + 2 : file) : NULL;
	line->line = (unsigned int)number;
	line->dir = compiled_in(die);
	names_set(lines, mem_strdup(name), line);
}

/* Variables may be in functions, and those in blocks. */
static void add_children(struct names *lines, Dwarf_Die *parent, unsigned int depth)
{
	Dwarf_Die die;

	if (depth > 16 || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_line(lines, &die);
			/* fall through */
		case DW_TAG_lexical_block:
			add_children(lines, &die, depth + 1);
			break;
		case DW_TAG_variable:
			add_line(lines, &die);
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

static struct names *read_lines(const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.find_elf = dwfl_build_id_find_elf,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	struct names *lines = names_new();
	Dwarf_Die *unit = NULL;
	Dwfl_Module *module;
	Dwarf_Addr bias;

	module = dwfl ? dwfl_report_offline(dwfl, "", path, -1) : NULL;
	if (dwfl)
		dwfl_report_end(dwfl, NULL, NULL);
	while (module && (unit = dwfl_module_nextcu(module, unit, &bias)))
		add_children(lines, unit, 0);
	dwfl_end(dwfl);
	return lines;
}

static const struct line *find_line(const char *path, const char *name)
{
	static struct names *objects;
	struct names *lines;

	if (!objects)
		objects = names_new();
	lines = names_get(objects, path);
	if (!lines) {
		lines = read_lines(path);
		names_set(objects, mem_strdup(path), lines);
	}
	return names_get(lines, mem_strndup(name, strcspn(name, ".")));
}

/* Return: the file, or NULL if DWARF does not tell. */
const char *source_line(const char *path, const char *name, unsigned int *line)
{
	const struct line *found = find_line(path, name);

	*line = found ? found->line : 0;
	return found ? found->file : NULL;
}

static const char *read_source(const struct line *line)
{
	struct bytes bytes;

	if (!line || !line->file || !line->dir || line->file[0] == '/' ||
	    !file_try_read(mem_printf("%s/%s", line->dir, line->file), &bytes))
		return NULL;
	return (const char *)bytes.at;
}

/* From the line that declares a function to the brace that ends it */
static char *function_text(const char *source, unsigned int line)
{
	const char *end;

	while (source && --line) {
		source = strchr(source, '\n');
		source = source ? source + 1 : NULL;
	}
	end = source ? strstr(source, "\n}") : NULL;
	return end ? mem_strndup(source, (size_t)(end + 2 - source)) : NULL;
}

/*
 * Whether a function is written as before, so that it changed by what it calls only.
 * Lines are counted in the source before; #line tells another number after.
 */
bool source_same(const char *before, const char *after, const char *name)
{
	const struct line *old = find_line(before, name);
	const char *new = read_source(find_line(after, name));
	char *text = old ? function_text(read_source(old), old->line) : NULL;

	return text && new && strstr(new, text);
}
