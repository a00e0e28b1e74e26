// SPDX-License-Identifier: GPL-2.0
/* Where functions and variables are declared, as DWARF tells: for messages only. */
#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include "object.h"

struct line {
	const char *file;
	unsigned int line;
};

static void add_line(struct names *lines, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
	struct line *line;
	int number;

	if (!name || names_get(lines, name) || dwarf_decl_line(die, &number))
		return;
	line = mem_alloc(sizeof(*line));
	line->file = file ? mem_strdup(str_starts(file, "./") ? file + 2 : file) : NULL;
	line->line = (unsigned int)number;
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

/* Return: the file, or NULL if DWARF does not tell. */
const char *source_line(const char *path, const char *name, unsigned int *line)
{
	static struct names *objects;
	struct names *lines;
	const struct line *found;
	size_t size = strcspn(name, ".");

	*line = 0;
	if (!objects)
		objects = names_new();
	lines = names_get(objects, path);
	if (!lines) {
		lines = read_lines(path);
		names_set(objects, mem_strdup(path), lines);
	}
	found = names_get(lines, mem_strndup(name, size));
	if (!found)
		return NULL;
	*line = found->line;
	return found->file;
}
