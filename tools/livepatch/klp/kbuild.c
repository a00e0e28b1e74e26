// SPDX-License-Identifier: GPL-2.0
/* How the kernel's own build system is called. */
#include "kbuild.h"

#define KBUILD_ARCH	"x86_64"
#define ERRORS_MAX	12

/* What a make, a shell or a build script around us may have set for itself. */
static const char *const forgotten[] = {
	"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS", "ARCH", "SUBARCH",
	"CROSS_COMPILE", "CC", "LD", "AS", "LLVM", "HOSTCC", "O", "M", "V", "C", "W", "S",
	"KBUILD_OUTPUT", "KBUILD_EXTMOD", "KBUILD_VERBOSE", "KBUILD_MODPOST_WARN", "KCONFIG_CONFIG",
	"KCFLAGS", "KAFLAGS", "KCPPFLAGS", "CFLAGS", "CFLAGS_MODULE", "LDFLAGS_MODULE",
	"LOCALVERSION", "KERNELRELEASE", "INSTALL_MOD_PATH", "KBUILD_EXTRA_SYMBOLS",
};

static struct text errors;
static size_t errors_nr;

void kbuild_environment(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forgotten); i++)
		unsetenv(forgotten[i]);
	setenv("LC_ALL", "C", 1);
}

const char *kbuild_errors(void)
{
	return errors.at ?: "";
}

struct lines {
	const struct kbuild *how;
	size_t nr;
};

static bool is_error(const char *line)
{
	static const char *const signs[] = {
		"error:", "Error:", "No rule to make", "undefined!", "*** ", "No space left",
		"Read-only file system", "Permission denied",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signs); i++) {
		if (strstr(line, signs[i]))
			return true;
	}
	return false;
}

/* The lines that kbuild prints for a step: "  CC      kernel/fork.o". */
static void see_line(const char *line, void *arg)
{
	struct lines *lines = arg;

	if (is_error(line) && errors_nr < ERRORS_MAX) {
		text_add(&errors, "%s%s", errors.size ? "\n" : "", line);
		errors_nr++;
	}
	if (!str_starts(line, "  "))
		return;
	lines->nr++;
	if (lines->how->steps)
		progress("%s: %zu of about %zu steps", lines->how->what, lines->nr,
			 lines->nr > lines->how->steps ? lines->nr : lines->how->steps);
	else
		progress("%s: %zu steps", lines->how->what, lines->nr);
}

bool kbuild(const struct kbuild *how, const char *const *goals, size_t nr)
{
	LIST(const char *) argv = { 0 };
	struct lines lines = { .how = how };
	struct run call = {
		.log = how->log, .line = see_line, .arg = &lines, .quiet_input = true,
	};
	size_t i;
	int status;

	*list_add(&argv) = "make";
	*list_add(&argv) = "-C";
	*list_add(&argv) = how->tree;
	*list_add(&argv) = mem_printf("-j%u", how->jobs);
	if (how->keep_going)
		*list_add(&argv) = "-k";
	*list_add(&argv) = "ARCH=" KBUILD_ARCH;
	*list_add(&argv) = mem_printf("CC=%s", how->target->cc);
	if (how->module)
		*list_add(&argv) = mem_printf("M=%s", how->module);
	if (how->flags)
		*list_add(&argv) = mem_printf("KCFLAGS=%s", how->flags);
	for (i = 0; i < nr; i++)
		*list_add(&argv) = goals[i];
	*list_add(&argv) = NULL;
	errors = (struct text){ 0 };
	errors_nr = 0;
	progress("%s", how->what);
	call.argv = argv.at;
	status = run(&call);
	progress_end();
	if (status == 127)
		die("make: there is no such program; install it");
	return !status;
}
