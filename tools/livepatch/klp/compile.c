// SPDX-License-Identifier: GPL-2.0
/*
 * Objects before and after.
 *
 * kbuild compiles them, with the flags that it compiles the kernel by; without objtool,
 * which runs once, on the finished patch.  What an object is for is in the command that
 * kbuild keeps beside it.
 */
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "build.h"
#include "compile.h"

static const char *in_tree(const char *tree, const char *object)
{
	return mem_printf("%s/%s", tree, object);
}

static const char *command_of(const char *tree, const char *object)
{
	return mem_printf("%s/%s/.%s.cmd", tree, path_dir(object), path_base(object));
}

/* kbuild writes the command when the compiler was content. */
static bool is_compiled(const char *tree, const char *object)
{
	return file_exists(in_tree(tree, object)) && file_exists(command_of(tree, object));
}

static bool compile(const struct scratch *scratch, const char *tree, const char *what,
		    const struct dependents *dependents, bool with_new)
{
	LIST(const char *) goals = { 0 };
	struct kbuild how = scratch_kbuild(scratch, tree);
	const struct dependent *dependent;

	how.what = what;
	*list_add(&goals) = "objtool-enabled=";
	*list_add(&goals) = "CONFIG_OBJTOOL=";
	*list_add(&goals) = "CONFIG_DEBUG_INFO_BTF=";
	*list_add(&goals) = "CONFIG_MODVERSIONS=";
	how.keep_going = true;
	list_for_each(dependent, &dependents->list) {
		if ((dependent->is_new && !with_new) || is_compiled(tree, dependent->object))
			continue;
		*list_add(&goals) = dependent->object;
		how.steps++;
	}
	return !how.steps || kbuild(&how, goals.at, goals.nr);
}

/* ---- What an object is for ------------------------------------------------------------ */

/* The value of -DNAME='"value"' in a command */
static const char *defined(const char *command, const char *name)
{
	const char *start = mem_printf("-D%s='\"", name), *value;

	value = strstr(command, start);
	if (!value)
		return NULL;
	value += strlen(start);
	return mem_strndup(value, strcspn(value, "\"'\n"));
}

static const char *linked_into(const char *tree, const struct dependent *dependent)
{
	const char *path = command_of(tree, dependent->object);
	const char *command, *name;

	command = (const char *)file_read(path).at;
	command = mem_strndup(command, strcspn(command, "\n"));
	if (!strstr(command, " -DMODULE "))
		return KLP_VMLINUX;
	name = defined(command, "KBUILD_MODNAME");
	if (!name)
		die("%s: it does not tell the name of the module", path);
	if (strchr(name, ':'))
		die_refused("%s: it is linked into several modules (%s)", dependent->source, name);
	return name;
}

/* ---- Objects that must not differ ----------------------------------------------------- */

struct contents {
	Elf *elf;
	int fd;
	size_t strings;
};

static void contents_open(struct contents *contents, const char *path)
{
	elf_version(EV_CURRENT);
	contents->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (contents->fd < 0)
		die_errno("%s", path);
	contents->elf = elf_begin(contents->fd, ELF_C_READ_MMAP, NULL);
	if (!contents->elf || elf_getshdrstrndx(contents->elf, &contents->strings))
		die("%s: it is not an object file", path);
}

static void contents_close(struct contents *contents)
{
	elf_end(contents->elf);
	close(contents->fd);
}

/* The next section of what is loaded, or of relocations to it */
static Elf_Scn *next_loaded(const struct contents *contents, Elf_Scn *scn, GElf_Shdr *shdr,
			    const char **name)
{
	while ((scn = elf_nextscn(contents->elf, scn))) {
		if (!gelf_getshdr(scn, shdr))
			continue;
		*name = elf_strptr(contents->elf, contents->strings, shdr->sh_name);
		if (!*name || strstr(*name, ".debug_"))
			continue;
		if ((shdr->sh_flags & SHF_ALLOC) || shdr->sh_type == SHT_RELA)
			return scn;
	}
	return NULL;
}

static bool data_same(Elf_Scn *a, Elf_Scn *b)
{
	Elf_Data *one = elf_rawdata(a, NULL), *two = elf_rawdata(b, NULL);

	if (!one || !two || !one->d_buf || !two->d_buf)
		return (!one || !one->d_buf) == (!two || !two->d_buf);
	return one->d_size == two->d_size && !memcmp(one->d_buf, two->d_buf, one->d_size);
}

static bool sections_same(const struct contents *before, const struct contents *after)
{
	Elf_Scn *a = NULL, *b = NULL;
	const char *name_a, *name_b;
	GElf_Shdr shdr_a, shdr_b;

	for (;;) {
		a = next_loaded(before, a, &shdr_a, &name_a);
		b = next_loaded(after, b, &shdr_b, &name_b);
		if (!a || !b)
			return a == b;
		if (strcmp(name_a, name_b) || shdr_a.sh_size != shdr_b.sh_size || !data_same(a, b))
			return false;
	}
}

bool objects_same(const char *before, const char *after)
{
	struct contents a, b;
	bool same;

	if (!str_ends(before, ".o")) {
		struct bytes one = file_read(before), two = file_read(after);

		return one.size == two.size && !memcmp(one.at, two.at, one.size);
	}
	contents_open(&a, before);
	contents_open(&b, after);
	same = sections_same(&a, &b);
	contents_close(&a);
	contents_close(&b);
	return same;
}

/* ---- Both trees ----------------------------------------------------------------------- */

static void check_before(const struct scratch *scratch, const struct dependents *dependents)
{
	const struct dependent *dependent;

	list_for_each(dependent, &dependents->list) {
		if (!dependent->is_new && dependent->treatment == TREAT_COMPARE &&
		    !is_compiled(scratch->before, dependent->object))
			die("%s: kbuild cannot make it of the source as it was (log in %s):\n%s",
			    dependent->object, scratch->log, kbuild_errors());
	}
}

/* What a new source is compared with: so everything in it is new. */
static const char *empty_object(const struct scratch *scratch)
{
	const char *path = mem_printf("%s/empty.o", scratch->dir);
	struct run how = {
		.argv = (const char *[]){ scratch->target->cc, "-c", "-x", "c", "/dev/null", "-o",
					  path, NULL },
		.log = scratch->log,
	};

	if (!file_exists(path) && run(&how))
		die("%s: the compiler cannot make an empty object", path);
	return path;
}

static void add_pair(struct pairs *pairs, const struct scratch *scratch,
		     const struct dependent *dependent)
{
	struct pair *pair = list_add(&pairs->list);

	pair->dependent = dependent;
	pair->after = in_tree(scratch->after, dependent->object);
	pair->before = dependent->is_new ? empty_object(scratch) :
					   in_tree(scratch->before, dependent->object);
	pair->object = dependent->treatment == TREAT_COMPARE ?
		linked_into(scratch->after, dependent) : NULL;
}

/* With a goal that kbuild has no rule for, it makes the others: -k. */
static bool is_complete(const struct scratch *scratch, const struct dependents *dependents)
{
	const struct dependent *dependent;

	list_for_each(dependent, &dependents->list) {
		if (dependent->treatment == TREAT_COMPARE &&
		    !is_compiled(scratch->after, dependent->object))
			return false;
	}
	return true;
}

bool compile_pairs(struct pairs *pairs, const struct scratch *scratch,
		   const struct dependents *dependents)
{
	const struct dependent *dependent;

	list_for_each(dependent, &dependents->list)
		scratch_object(scratch, dependent->object);
	compile(scratch, scratch->before, "compiling what was", dependents, false);
	check_before(scratch, dependents);
	compile(scratch, scratch->after, "compiling what comes", dependents, true);
	if (!is_complete(scratch, dependents))
		return false;
	list_for_each(dependent, &dependents->list)
		add_pair(pairs, scratch, dependent);
	return true;
}
