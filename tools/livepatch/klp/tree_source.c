// SPDX-License-Identifier: GPL-2.0
/* What of a source tree goes into a scratch tree, and whether it fits the configuration. */
#include "tree_source.h"

#define DIFFERENCES_MAX	6

/* What kbuild and compilers make; and it writes how, beside it, for most of the rest. */
static const char *const made[] = {
	".o", ".a", ".ko", ".mod", ".mod.c", ".order", ".symvers", ".dwo", ".gcno", ".su", ".lst",
	".pem", ".x509", ".orig", ".rej", "~",
};

/* Directories that have no part in compiling, by their paths */
static const char *const unused[] = {
	"LICENSES", "arch/x86/include/generated", "debian", "include/config", "include/generated",
	"tools/bpf/bpftool",
};

/* What of tools/ the kernel's build may want */
static const char *const tools[] = {
	"tools/arch", "tools/bpf", "tools/build", "tools/include", "tools/lib", "tools/objtool",
	"tools/scripts",
};

static bool has_command(const char *root, const char *path)
{
	size_t mark = mem_mark();
	bool has = file_exists(mem_printf("%s/%s/.%s.cmd", root, path_dir(path), path_base(path)));

	mem_release(mark);
	return has;
}

static bool is_made(const char *root, const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		if (str_ends(path, made[i]))
			return true;
	}
	return has_command(root, path);
}

static bool skip_tool(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tools); i++) {
		if (!strcmp(path, tools[i]))
			return false;
	}
	return true;
}

static bool skip_dir(const char *path)
{
	size_t i;

	if (str_starts(path, "tools/") && !strchr(path + strlen("tools/"), '/'))
		return skip_tool(path);
	for (i = 0; i < ARRAY_SIZE(unused); i++) {
		if (!strcmp(path, unused[i]))
			return true;
	}
	return false;
}

/* The Kconfig of crypto/ reads those of all architectures. */
static bool is_other_arch(const char *path)
{
	return str_starts(path, "arch/") && strchr(path + strlen("arch/"), '/') &&
	       !str_starts(path, "arch/x86/") && !str_starts(path_base(path), "Kconfig");
}

/* kbuild and Kconfig want these two files of the documentation, and nothing else. */
static bool is_documentation(const char *path)
{
	return str_starts(path, "Documentation/") && strcmp(path, "Documentation/Kconfig") &&
	       strcmp(path, "Documentation/Makefile");
}

static bool is_top_product(const char *path)
{
	return str_starts(path, "vmlinux") || !strcmp(path, "System.map") ||
	       str_starts(path, "modules.builtin");
}

bool skip_kernel(const char *root, const char *path, bool is_dir)
{
	const char *name = path_base(path);

	if (*name == '.')
		return true;
	if (is_dir)
		return skip_dir(path) || is_documentation(path);
	return is_made(root, path) || is_top_product(path) || is_documentation(path) ||
	       is_other_arch(path);
}

bool skip_module(const char *root, const char *path, bool is_dir)
{
	return *path_base(path) == '.' || (!is_dir && is_made(root, path));
}

/* ---- The configuration ---------------------------------------------------------------- */

/* Depend on tools that only debug information and Rust need. */
static const char *const may_differ[] = {
	"CONFIG_PAHOLE_", "CONFIG_RUST", "CONFIG_BINDGEN", "CONFIG_HAVE_RUST",
	"CONFIG_DEBUG_INFO_BTF", "CONFIG_MODULE_ALLOW_BTF_MISMATCH", "CONFIG_LD_VERSION",
	"CONFIG_AS_VERSION", "CONFIG_CC_VERSION_TEXT", "CONFIG_BUILDTIME_TABLE_SORT",
};

static bool must_agree(const char *line)
{
	size_t i;

	if (!str_starts(line, "CONFIG_"))
		return false;
	for (i = 0; i < ARRAY_SIZE(may_differ); i++) {
		if (str_starts(line, may_differ[i]))
			return false;
	}
	return true;
}

static struct names *lines_of(const struct bytes *bytes)
{
	struct names *names = names_new();
	char *text = mem_strndup((char *)bytes->at, bytes->size), *line;

	while ((line = strsep(&text, "\n")))
		names_set(names, line, line);
	return names;
}

/* Lines of one that the other does not have */
static void compare(struct text *found, size_t *nr, const struct bytes *bytes,
		    const struct names *others, const char *sign)
{
	char *text = mem_strndup((char *)bytes->at, bytes->size), *line;

	while ((line = strsep(&text, "\n"))) {
		if (!must_agree(line) || names_get(others, line) || (*nr)++ >= DIFFERENCES_MAX)
			continue;
		text_add(found, "\n\t%s%s", sign, line);
	}
}

void check_same_config(const struct target *target, const char *path)
{
	struct bytes ours = file_read(path);
	struct text found = { 0 };
	size_t nr = 0;

	compare(&found, &nr, &target->config_text, lines_of(&ours), "-");
	compare(&found, &nr, &ours, lines_of(&target->config_text), "+");
	if (nr)
		die_refused("%s: it does not fit the source and tools; kbuild made of it:%s",
			    target->config, found.at);
}
