// SPDX-License-Identifier: GPL-2.0
/*
 * What can be foreseen on a kernel without a rehearsal: symbols by /proc/kallsyms, functions
 * by what ftrace lists, tasks by their stacks.
 */
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "check.h"

#define SHN_LIVEPATCH	0xff20

struct wanted {
	const char *object, *name;
	unsigned long pos, seen;
	bool is_function, traced;
};

struct foresight {
	struct check *check;
	LIST(struct wanted) wanted;
	struct names *by_name;
	struct names *objects;		/* those that are loaded */
};

/* ---- What the module wants ----------------------------------------------------- */

static const char *key_of(const char *object, const char *name)
{
	return mem_printf("%s:%s", object, name);
}

static void want(struct foresight *foresight, struct wanted wanted)
{
	*list_add(&foresight->wanted) = wanted;
}

/* ".klp.sym.<object>.<name>,<position>" */
static void want_symbol(struct foresight *foresight, const char *symbol)
{
	static const char prefix[] = ".klp.sym.";
	const char *object = symbol + strlen(prefix), *dot, *comma;

	if (!str_starts(symbol, prefix))
		return;
	dot = strchr(object, '.');
	comma = strrchr(object, ',');
	if (!dot || !comma || comma < dot)
		return;
	want(foresight, (struct wanted){
		.object = mem_strndup(object, (size_t)(dot - object)),
		.name = mem_strndup(dot + 1, (size_t)(comma - dot - 1)),
		.pos = strtoul(comma + 1, NULL, 10),
	});
}

static void want_symtab(struct foresight *foresight, Elf *elf, Elf_Scn *section,
			const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *name;
	GElf_Sym symbol;
	int i;

	for (i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		if (symbol.st_shndx != SHN_LIVEPATCH)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			want_symbol(foresight, name);
	}
}

static void want_symbols(struct foresight *foresight, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			want_symtab(foresight, elf, section, &header);
	}
}

static void want_of_file(struct foresight *foresight)
{
	const char *path = foresight->check->module->path;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		want_symbols(foresight, elf);
	else
		check_note(foresight->check, "symbols were not looked at: the file is compressed");
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static void want_functions(struct foresight *foresight, const struct patch *patch)
{
	const struct object *object;
	struct wanted wanted = { .is_function = true };
	const struct func *func;

	list_for_each(object, &patch->objects) {
		list_for_each(func, &object->funcs) {
			wanted.object = object->name;
			wanted.name = func->name;
			wanted.pos = func->pos;
			want(foresight, wanted);
		}
	}
	if (!patch->objects.nr)
		check_note(foresight->check, "the module does not tell what it replaces");
}

/* When the list grows no more, so that its entries stay where they are */
static void index_wanted(struct foresight *foresight)
{
	struct wanted *wanted;

	foresight->by_name = names_new();
	list_for_each(wanted, &foresight->wanted)
		names_set(foresight->by_name, key_of(wanted->object, wanted->name), wanted);
}

/* ---- What the kernel has ------------------------------------------------------- */

/* "name [module]" or "name\t[module]"; the object is vmlinux where there is none */
static const char *split_module(char *text)
{
	char *module = strchr(text, '[');

	text[strcspn(text, " \t")] = '\0';
	if (!module)
		return "vmlinux";
	module++;
	module[strcspn(module, "]")] = '\0';
	return module;
}

/* Several may want one name: a symbol and a function.  Each counts for itself. */
static void see(struct foresight *foresight, const char *object, const char *name, bool traced)
{
	size_t mark = mem_mark();
	struct wanted *wanted;

	if (names_get(foresight->by_name, key_of(object, name))) {
		list_for_each(wanted, &foresight->wanted) {
			if (strcmp(wanted->name, name) || strcmp(wanted->object, object))
				continue;
			wanted->seen += !traced;
			wanted->traced |= traced;
		}
	}
	mem_release(mark);
}

static void see_symbols(struct foresight *foresight)
{
	char *text = sys_read(sys_path("/proc/kallsyms")), *line, *name;

	while (text && (line = strsep(&text, "\n"))) {
		name = strchr(line, ' ');
		name = name ? strchr(name + 1, ' ') : NULL;
		if (name)
			see(foresight, split_module(name + 1), name + 1, false);
	}
}

static bool see_traced(struct foresight *foresight)
{
	char *text = sys_read(sys_path("/sys/kernel/tracing/available_filter_functions")), *line;
	const char *object;

	if (!text)
		return false;
	while ((line = strsep(&text, "\n"))) {
		object = split_module(line);
		see(foresight, object, line, true);
	}
	return true;
}

static bool is_loaded(const char *object)
{
	return !strcmp(object, "vmlinux") || dir_exists(sys_path("/sys/module/%s", object));
}

/* Another livepatch is no obstacle: patches stack. */
static bool is_patched(const char *function)
{
	struct patches patches = { 0 };
	const struct patch *patch;

	patches_read(&patches);
	list_for_each(patch, &patches.list) {
		if (patch_has(patch, function))
			return true;
	}
	return false;
}

/* ---- Judging ------------------------------------------------------------------- */

static void judge_function(struct foresight *foresight, const struct wanted *wanted, bool traces)
{
	const char *by = redirected_by(wanted->name);

	if (traces && !wanted->traced)
		check_problem(foresight->check, "%s: %s: ftrace does not know it",
			      wanted->object, wanted->name);
	if (by && !is_patched(wanted->name))
		check_problem(foresight->check, "%s: %s: redirected by somebody else: %s",
			      wanted->object, wanted->name, by);
}

static void judge(struct foresight *foresight, const struct wanted *wanted, bool traces)
{
	struct check *check = foresight->check;

	if (!is_loaded(wanted->object)) {
		check->later += wanted->is_function;
		if (!names_get(foresight->objects, wanted->object))
			*list_add(&check->absent.list) = wanted->object;
		names_set(foresight->objects, wanted->object, foresight);
		return;
	}
	check->ready += wanted->is_function;
	if (!wanted->seen)
		check_problem(check, "%s: %s: no such symbol", wanted->object, wanted->name);
	else if (!wanted->pos && wanted->seen > 1)
		check_problem(check, "%s: %s: there are %lu of that name", wanted->object,
			      wanted->name, wanted->seen);
	else if (wanted->pos > wanted->seen)
		check_problem(check, "%s: %s: there are %lu of that name, number %lu is wanted",
			      wanted->object, wanted->name, wanted->seen, wanted->pos);
	else if (wanted->is_function)
		judge_function(foresight, wanted, traces);
}

void foresee(struct check *check)
{
	struct foresight foresight = { .check = check, .objects = names_new() };
	const struct wanted *wanted;
	struct patch patch;
	bool traces;

	check_note(check, "this kernel has no rehearsal: found out from outside");
	module_patch(check->module, &patch);
	want_functions(&foresight, &patch);
	want_of_file(&foresight);
	index_wanted(&foresight);
	see_symbols(&foresight);
	traces = see_traced(&foresight);
	check->ready = patch.objects.nr ? 0 : -1;
	check->later = check->ready;
	list_for_each(wanted, &foresight.wanted)
		judge(&foresight, wanted, traces);
	if (!sys_number(sys_path("/proc/sys/kernel/ftrace_enabled"), 1))
		check_problem(check, "kernel.ftrace_enabled is 0");
	if (patch.objects.nr)
		tasks_in(&patch, &check->blockers);
}
