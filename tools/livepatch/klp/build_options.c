// SPDX-License-Identifier: GPL-2.0
/* The command lines of klp build and klp link. */
#include <ctype.h>
#include <unistd.h>

#include "build_options.h"

#define NAME_LENGTH_MAX	55	/* of a module, without the zero */
#define JOBS_MAX	4096

#define AT(member)	offsetof(struct build_options, member)

static const struct argument rows[] = {
	{ 'S', false, "source", "DIR", "source of the kernel (default: in the build tree)",
	  ARGUMENT_TEXT, AT(wanted.source) },
	{ 'B', false, "build", "DIR", "build tree or headers (default: of the running kernel)",
	  ARGUMENT_TEXT, AT(wanted.build) },
	{ 'V', false, "vmlinux", "FILE",
	  "the kernel with symbols (default: in the build tree, or the debug package's)",
	  ARGUMENT_TEXT, AT(wanted.vmlinux) },
	{ 'C', false, "config", "FILE", "configuration (default: in the build tree)",
	  ARGUMENT_TEXT, AT(wanted.config) },
	{ 'D', false, "modules", "DIR", "the kernel's modules (default: build tree, /lib/modules)",
	  ARGUMENT_TEXT, AT(wanted.modules) },
	{ 'm', false, "module", "DIR", "source of a module outside of the kernel's, to be patched",
	  ARGUMENT_TEXT, AT(wanted.module) },
	{ 'o', true, "output", "FILE", "the module (default: NAME.ko here)",
	  ARGUMENT_TEXT, AT(output) },
	{ 'n', true, "name", "NAME", "of the module (default: of the output, or of the diff)",
	  ARGUMENT_TEXT, AT(name) },
	{ 'W', false, "version", "TEXT", "of the patch, for modinfo", ARGUMENT_TEXT, AT(version) },
	{ 'c', false, "cve", "CVE,...", "what the patch fixes, for modinfo; may be repeated",
	  ARGUMENT_LIST, AT(cves) },
	{ 'd', false, "description", "TEXT", "of the patch, for modinfo",
	  ARGUMENT_TEXT, AT(description) },
	{ 'r', false, "no-replace", NULL, "add to the enabled patches; do not replace them",
	  ARGUMENT_FLAG, AT(no_replace) },
	{ 'H', false, "cache", "DIR", "for scratch trees (default: $KLP_CACHE or ~/.cache/klp)",
	  ARGUMENT_TEXT, AT(cache) },
	{ 'j', true, "jobs", "N", "how many compilers at a time (default: as many as CPUs)",
	  ARGUMENT_NUMBER, AT(jobs) },
	{ 'k', false, "keep", NULL, "keep source and objects of the module, and tell where",
	  ARGUMENT_FLAG, AT(keep) },
	{ 'J', false, "json", NULL, "print JSON", ARGUMENT_FLAG, AT(json) },
	ARGUMENT_VERBOSE_ROW,
	ARGUMENT_HELP_ROW,
};

static const struct arguments build_arguments = {
	.rows = rows, .nr = ARRAY_SIZE(rows), .letters = "SBVCDmonWcdrHjkJ",
	.verb = "build", .args = "DIFF...", .help = BUILD_HELP, .page = "klp-build",
};

static const struct arguments link_arguments = {
	.rows = rows, .nr = ARRAY_SIZE(rows), .letters = "BVDo",
	.verb = "link", .args = "MODULE", .help = LINK_HELP, .page = "klp-build",
};

static void read_arguments(struct build_options *options, const struct arguments *how, int argc,
			   char **argv)
{
	int first = arguments_read(how, options, argc, argv);

	options->diffs = argv + first;
	options->nr = argc - first;
}

/* Names of modules know letters, digits and the underscore. */
static const char *module_name(const char *path)
{
	char *name = mem_strdup(path_base(path)), *at;
	char *dot = strrchr(name, '.');

	if (dot && dot > name)
		*dot = '\0';
	for (at = name; *at; at++) {
		if (!isalnum((unsigned char)*at))
			*at = '_';
	}
	if (strlen(name) > NAME_LENGTH_MAX)
		name[NAME_LENGTH_MAX] = '\0';
	return name;
}

static void check_name(const char *name)
{
	const char *at;

	for (at = name; *at; at++) {
		if (!isalnum((unsigned char)*at) && *at != '_')
			die_usage("--name: %s: a module's name has letters, digits and _", name);
	}
	if (!*name || strlen(name) > NAME_LENGTH_MAX)
		die_usage("--name: %s: it has to have 1 to %d characters", name, NAME_LENGTH_MAX);
	if (!strcmp(name, "vmlinux") || !strcmp(name, "klp_main") || !strcmp(name, "klp_verify") ||
	    (str_starts(name, "part") && isdigit((unsigned char)name[4])))
		die_usage("--name: %s: this name is taken", name);
}

/* After minutes of compiling it would be late to tell. */
static void check_output(const char *path)
{
	const char *dir = path_dir(path);

	if (dir_exists(path))
		die("%s: is a directory; tell the module's file by --output", path);
	if (!dir_exists(dir))
		die("%s: there is no such directory", dir);
	if (access(dir, W_OK | X_OK))
		die_errno("%s: no module can be written there", dir);
}

void build_options_read(struct build_options *options, int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct build_options){ .jobs = cpus > 0 ? (unsigned int)cpus : 1 };
	read_arguments(options, &build_arguments, argc, argv);
	if (!options->jobs || options->jobs > JOBS_MAX)
		die_usage("--jobs: 1 to %d jobs", JOBS_MAX);
	if (!options->nr)
		die_usage("build: which diff?");
	if (!options->name)
		options->name = module_name(options->output ?: options->diffs[0]);
	check_name(options->name);
	if (!options->output)
		options->output = mem_printf("%s.ko", options->name);
	check_output(options->output);
}

void link_options_read(struct build_options *options, int argc, char **argv)
{
	*options = (struct build_options){ 0 };
	read_arguments(options, &link_arguments, argc, argv);
	if (options->nr != 1)
		die_usage("link: %s", options->nr ? "one module at a time" : "which module?");
	if (!options->wanted.build && (options->wanted.vmlinux || options->wanted.modules))
		die_usage("link: --vmlinux and --modules go with --build");
	check_output(options->output ?: options->diffs[0]);
}
