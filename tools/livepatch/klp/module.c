// SPDX-License-Identifier: GPL-2.0
/*
 * How kbuild makes the patch module.
 *
 * The objects that diff_object() wrote are parts of it as if compiled there: so objtool
 * sees them, by itself or with the whole module, as this kernel does it.
 */
#include <dirent.h>
#include <unistd.h>

#include "module.h"

static const char kbuild_rules[] =
	"\n"
	"quiet_cmd_klp_part = KLP [M]  $@\n"
	"      cmd_klp_part = cp $< $@ $(cmd_objtool)\n"
	"\n"
	"$(obj)/part%.o: $(obj)/part%.obj FORCE\n"
	"\t$(call if_changed,klp_part)\n"
	"\n"
	"targets += $(parts)\n";

char *module_dir(const struct scratch *scratch, const char *name)
{
	return mem_printf("%s/module/%s", scratch->dir, name);
}

/* What did not change stays as it is: kbuild goes by times. */
static void write_changed(const char *path, const void *from, size_t size)
{
	struct bytes old;

	if (file_try_read(path, &old) && old.size == size && !memcmp(old.at, from, size))
		return;
	file_write(path, from, size);
}

/* Parts of an earlier patch of that name */
static void remove_others(const char *dir, size_t nr)
{
	struct dirent *entry;
	unsigned long number;
	DIR *open = opendir(dir);

	if (!open)
		die_errno("%s", dir);
	while ((entry = readdir(open))) {
		if (sscanf(entry->d_name, "part%lu.o", &number) == 1 && number >= nr)
			unlink(mem_printf("%s/%s", dir, entry->d_name));
	}
	closedir(open);
}

static void write_kbuild(const char *dir, const struct patch *patch)
{
	struct text text = { 0 };
	size_t i;

	text_add(&text, "# SPDX-License-Identifier: GPL-2.0\n# Made by klp build.\n\nparts :=");
	for (i = 0; i < patch->diffs.nr; i++)
		text_add(&text, " part%zu.o", i);
	text_add(&text, "\n\nobj-m := %s.o\n%s-y := klp_main.o klp_verify.o $(parts)\n%s",
		 patch->name, patch->name, kbuild_rules);
	write_changed(mem_printf("%s/Kbuild", dir), text.at, text.size);
}

__asm__(".section .rodata\n"
	"klp_verify_c:\n\t.incbin \"module/klp_verify.c\"\nklp_verify_c_end:\n\t.byte 0\n"
	"klp_verify_h:\n\t.incbin \"module/klp_verify.h\"\nklp_verify_h_end:\n\t.byte 0\n"
	".previous\n");
extern const char klp_verify_c[], klp_verify_c_end[], klp_verify_h[], klp_verify_h_end[];

static void write_verify(const char *dir)
{
	write_changed(mem_printf("%s/klp_verify.c", dir), klp_verify_c,
		      (size_t)(klp_verify_c_end - klp_verify_c));
	write_changed(mem_printf("%s/klp_verify.h", dir), klp_verify_h,
		      (size_t)(klp_verify_h_end - klp_verify_h));
}

static void write_files(const char *dir, const struct patch *patch)
{
	struct text source = { 0 };
	const struct diff *diff;
	struct bytes part;
	size_t nr = 0;

	module_source(&source, patch);
	write_changed(mem_printf("%s/klp_main.c", dir), source.at, source.size);
	write_kbuild(dir, patch);
	write_verify(dir);
	list_for_each(diff, &patch->diffs) {
		part = file_read(diff->out);
		write_changed(mem_printf("%s/part%zu.obj", dir, nr++), part.at, part.size);
	}
	remove_others(dir, nr);
}

/* No debug information: it would have paths of this machine, and nothing of the diff. */
char *module_make(const struct scratch *scratch, const struct patch *patch)
{
	static const char *const goals[] = {
		"KBUILD_MODPOST_WARN=1", "CONFIG_DEBUG_INFO_BTF_MODULES=", "CONFIG_MODULE_SIG_ALL=",
		"modules",
	};
	char *dir = module_dir(scratch, patch->name);
	struct kbuild how = {
		.target = scratch->target,
		.tree = scratch->target->build,
		.module = dir,
		.flags = mem_printf("-g0 -Wno-error -I%s/include", scratch->dir),
		.log = scratch->log,
		.what = "making the module",
		.jobs = scratch->jobs,
	};

	dir_make(dir);
	write_files(dir, patch);
	if (!kbuild(&how, goals, ARRAY_SIZE(goals)))
		die("%s: kbuild cannot make the module (log in %s):\n%s", patch->name, scratch->log,
		    kbuild_errors());
	return mem_printf("%s/%s.ko", dir, patch->name);
}
