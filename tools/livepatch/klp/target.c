// SPDX-License-Identifier: GPL-2.0
/*
 * Which kernel is to be patched.
 *
 * Source, configuration, build tree, image and compiler have to be of one kernel: a patch
 * built from parts that do not belong together loads, and then does something else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "target.h"

void die_refused(const char *fmt, ...)
{
	char *why = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&why, fmt, args) < 0)
		die("out of memory");
	va_end(args);
	warn("%s", why);
	free(why);
	exit(KLP_EXIT_REFUSED);
}

/* ---- The configuration ---------------------------------------------------------------- */

const char *config_value(const struct bytes *config, const char *option)
{
	const char *line = mem_printf("\n%s=", option);
	const char *value, *end;

	value = strstr((const char *)config->at, line);
	if (!value)
		return NULL;
	value += strlen(line);
	end = strchrnul(value, '\n');
	if (*value == '"' && end > value + 1 && end[-1] == '"')
		return mem_strndup(value + 1, (size_t)(end - value) - 2);
	return mem_strndup(value, (size_t)(end - value));
}

struct condition {
	const char *option;
	bool wanted;
	const char *why;
};

static const struct condition conditions[] = {
	{ "CONFIG_X86_64", true, "only x86-64 is known so far" },
	{ "CONFIG_LIVEPATCH", true, "this kernel cannot be live patched" },
	{ "CONFIG_MODULES", true, "this kernel cannot load patches" },
	{ "CONFIG_LTO_CLANG", false, "objects of link-time optimisation hold no code to compare" },
	{ "CONFIG_RANDSTRUCT", false, "its layout of structures depends on a secret of the build" },
	{ "CONFIG_GCC_PLUGIN_LATENT_ENTROPY", false, "it makes code that differs in every build" },
	{ "CONFIG_GCOV_KERNEL", false, "code that counts itself cannot be compared" },
	{ "CONFIG_CFI_CLANG", false, "its type identifiers are not carried over yet" },
};

static void check_config(const struct target *target)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(conditions); i++) {
		if (!!config_value(&target->config_text, conditions[i].option) ==
		    conditions[i].wanted)
			continue;
		die_refused("%s: %s is %sset: %s", target->config, conditions[i].option,
			    conditions[i].wanted ? "not " : "", conditions[i].why);
	}
}

/* ---- The compiler --------------------------------------------------------------------- */

static const char *first_line(const char *const *argv)
{
	struct text text = { 0 };
	struct run how = { .argv = argv, .output = &text, .quiet_input = true };

	if (run(&how) || !text.at)
		return NULL;
	return mem_strndup(text.at, (size_t)(strchrnul(text.at, '\n') - text.at));
}

/* The text of the configuration begins with the name that it was called by. */
static const char *compiler_name(const char *version)
{
	if (strstr(version, "clang version"))
		return "clang";
	return mem_strndup(version, strcspn(version, " "));
}

static void check_compiler(struct target *target)
{
	const char *version = config_value(&target->config_text, "CONFIG_CC_VERSION_TEXT");
	const char *found;

	if (!version || !*version)
		die("%s: it does not tell the compiler (CONFIG_CC_VERSION_TEXT)", target->config);
	target->cc_version = version;
	target->cc = compiler_name(version);
	found = first_line((const char *[]){ target->cc, "--version", NULL });
	if (!found)
		die_refused("%s: there is no such compiler, but the kernel was built by \"%s\"",
			    target->cc, version);
	if (strcmp(found, version))
		die_refused("%s: it is \"%s\", but the kernel was built by \"%s\"; install it",
			    target->cc, found, version);
}

/* ---- The image ------------------------------------------------------------------------ */

static Elf *image_open(const char *path, int *fd)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		die_errno("%s", path);
	elf = elf_begin(*fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		die("%s: it is not an ELF file", path);
	return elf;
}

static Elf_Data *section_data(Elf *elf, const char *name)
{
	const char *found;
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS)
			continue;
		found = elf_strptr(elf, strings, shdr.sh_name);
		if (found && !strcmp(found, name))
			return elf_rawdata(scn, NULL);
	}
	return NULL;
}

/* Whether a section of the image has some text in it; true if it has no such section. */
static bool section_has(Elf *elf, const char *name, const char *text)
{
	Elf_Data *data = section_data(elf, name);

	return !data || (data->d_buf && memmem(data->d_buf, data->d_size, text, strlen(text)));
}

/* The vmlinux in a distribution's headers has nothing but types, for modules. */
static bool same_types(const char *one, const char *other)
{
	int fds[2];
	Elf *elves[2] = { image_open(one, &fds[0]), image_open(other, &fds[1]) };
	Elf_Data *types[2];
	bool same;
	int i;

	for (i = 0; i < 2; i++)
		types[i] = section_data(elves[i], ".BTF");
	same = types[0] && types[1] && types[0]->d_size == types[1]->d_size &&
	       types[0]->d_buf && types[1]->d_buf &&
	       !memcmp(types[0]->d_buf, types[1]->d_buf, types[0]->d_size);
	for (i = 0; i < 2; i++) {
		elf_end(elves[i]);
		close(fds[i]);
	}
	return same;
}

static void check_build_id(const struct target *target)
{
	const char *own = mem_printf("%s/vmlinux", target->build), *built, *given;

	if (!file_exists(own) || !strcmp(path_real(own), path_real(target->vmlinux)))
		return;
	built = file_build_id(own);
	given = file_build_id(target->vmlinux);
	if (!built && same_types(own, target->vmlinux))
		return;
	if (!built || !given || strcmp(built, given))
		die_refused("%s: it is another build (%s) than the vmlinux of %s (%s)",
			    target->vmlinux, given ?: "no build-id", target->build,
			    built ?: "no build-id");
}

static void check_image(const struct target *target)
{
	const char *maker = strchr(target->cc_version, '(');
	int fd;
	Elf *elf;

	check_build_id(target);
	elf = image_open(target->vmlinux, &fd);
	if (!section_has(elf, ".rodata", mem_printf("Linux version %s (", target->release)))
		die_refused("%s: it is not of Linux %s, as %s is", target->vmlinux,
			    target->release, target->build);
	if (!section_has(elf, ".comment", maker ?: target->cc_version))
		die_refused("%s: it was not built by the compiler of %s, \"%s\"", target->vmlinux,
			    target->config, target->cc_version);
	elf_end(elf);
	close(fd);
}

/* ---- The source ----------------------------------------------------------------------- */

static const char *make_value(const char *makefile, const char *name)
{
	const char *line = strstr(makefile, mem_printf("\n%s =", name));

	if (!line)
		return "";
	line = strchr(line, '=') + 1;
	line += strspn(line, " \t");
	return mem_strndup(line, strcspn(line, " \t\n"));
}

/* 6.12.30 and 6.12.31 differ in what their functions do. */
static void check_source(const struct target *target)
{
	const char *path = mem_printf("%s/Makefile", target->source), *version;
	const char *text = mem_printf("\n%s", file_read(path).at);
	size_t length;

	version = mem_printf("%s.%s.%s", make_value(text, "VERSION"),
			     make_value(text, "PATCHLEVEL"), make_value(text, "SUBLEVEL"));
	length = strlen(version);
	if (!str_starts(target->release, version) ||
	    strspn(target->release + length, "0123456789"))
		die_refused("%s: it is the source of Linux %s, but the kernel is %s",
			    target->source, version, target->release);
}

static bool is_kernel_source(const char *path)
{
	return file_exists(mem_printf("%s/kernel/fork.c", path)) &&
	       file_exists(mem_printf("%s/Kbuild", path));
}

static const char *source_of_build(const char *build)
{
	const char *const candidates[] = { build, mem_printf("%s/source", build),
				     mem_printf("%s/../source", build) };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (is_kernel_source(candidates[i]))
			return candidates[i];
	}
	return NULL;
}

static void find_source(struct target *target, const struct wanted *wanted)
{
	const char *found = wanted->source ?: source_of_build(target->build);

	if (wanted->module) {
		if (!dir_exists(wanted->module))
			die("%s: there is no such directory", wanted->module);
		target->module = path_real(wanted->module);
		return;
	}
	if (!found)
		die("%s has no source in it; tell where it is by --source DIR", target->build);
	if (!is_kernel_source(found))
		die("%s: it is not the source of a kernel", found);
	target->source = path_real(found);
	check_source(target);
}

/* ---- What is where -------------------------------------------------------------------- */

static const char *running_release(void)
{
	struct utsname name;

	if (uname(&name))
		die_errno("uname");
	return mem_strdup(name.release);
}

static const char *release_of(const char *build)
{
	struct bytes text;

	if (!file_try_read(mem_printf("%s/include/config/kernel.release", build), &text))
		die("%s: it is not the build tree of a kernel (no include/config/kernel.release)",
		    build);
	return mem_strndup((char *)text.at, strcspn((char *)text.at, "\n"));
}

static const char *first_file(const char *const *candidates)
{
	for (; *candidates; candidates++) {
		if (file_exists(*candidates))
			return path_real(*candidates);
	}
	return NULL;
}

static const char *find_vmlinux(const struct target *target)
{
	const char *release = target->release;

	return first_file((const char *[]){
		mem_printf("%s/vmlinux", target->build),
		mem_printf("/usr/lib/debug/boot/vmlinux-%s", release),
		mem_printf("/usr/lib/debug/lib/modules/%s/vmlinux", release),
		mem_printf("/usr/lib/debug/lib/modules/%s/build/vmlinux", release),
		NULL });
}

void target_find(struct target *target, const struct wanted *wanted)
{
	const char *build = wanted->build ?: mem_printf("/lib/modules/%s/build", running_release());

	if (!dir_exists(build))
		die("%s: there is no such directory; tell the kernel's build tree by --build DIR",
		    build);
	target->build = path_real(build);
	target->release = release_of(target->build);
	target->config = wanted->config ?: mem_printf("%s/.config", target->build);
	target->config_text = file_read(target->config);
	target->symvers = mem_printf("%s/Module.symvers", target->build);
	if (!file_exists(target->symvers))
		die("%s: it is missing; build the kernel's modules, or install its headers",
		    target->symvers);
	check_config(target);
	check_compiler(target);
	find_source(target, wanted);
	target->modules = wanted->modules ? path_real(wanted->modules) : NULL;
	target->vmlinux = wanted->vmlinux ?: find_vmlinux(target);
	if (!target->vmlinux)
		die("%s: there is no vmlinux for it; tell where by --vmlinux FILE (%s)",
		    target->build, "distributions have it in the package of debug symbols");
	check_image(target);
}
