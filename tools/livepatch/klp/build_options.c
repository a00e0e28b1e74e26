// SPDX-License-Identifier: GPL-2.0
/* The command lines of klp build and klp link: one table, from which the help is made, too. */
#include <ctype.h>
#include <getopt.h>
#include <unistd.h>

#include "build_options.h"

#define NAME_LENGTH_MAX	55	/* of a module, without the zero */
#define JOBS_MAX	4096

struct option_row {
	const char *name;
	char letter;			/* short, too, if @is_short */
	bool is_short, is_link;		/* klp link takes it */
	const char *arg, *help;
};

static const struct option_row rows[] = {
	{ "source", 'S', false, false, "DIR", "source of the kernel (default: in the build tree)" },
	{ "build", 'B', false, true, "DIR", "build tree or headers of the kernel (default: of the running one)" },
	{ "vmlinux", 'V', false, true, "FILE", "the kernel with symbols (default: in the build tree, or the debug package's)" },
	{ "config", 'C', false, false, "FILE", "configuration (default: in the build tree)" },
	{ "modules", 'D', false, true, "DIR", "where the kernel's modules are (default: build tree, /lib/modules)" },
	{ "module", 'm', false, false, "DIR", "patch a module outside of the kernel's source, that is there" },
	{ "output", 'o', true, true, "FILE", "the module (default: NAME.ko here)" },
	{ "name", 'n', true, false, "NAME", "of the module (default: of the output, or of the diff)" },
	{ "version", 'W', false, false, "TEXT", "of the patch, for modinfo" },
	{ "cve", 'c', false, false, "CVE,...", "what the patch fixes, for modinfo; may be repeated" },
	{ "description", 'd', false, false, "TEXT", "of the patch, for modinfo" },
	{ "no-replace", 'r', false, false, NULL, "add to the patches that are enabled; do not replace them" },
	{ "cache", 'H', false, false, "DIR", "where scratch trees are kept (default: $KLP_CACHE or ~/.cache/klp)" },
	{ "jobs", 'j', true, false, "N", "how many compilers at a time (default: as many as CPUs)" },
	{ "keep", 'k', false, false, NULL, "keep source and objects of the module, and tell where" },
	{ "json", 'J', false, false, NULL, "print JSON" },
	{ "verbose", 'v', true, true, NULL, "tell what is done" },
	{ "help", 'h', true, true, NULL, "print this help" },
};

static bool takes(const struct option_row *row, bool is_link)
{
	return row->is_link || !is_link;
}

_Noreturn static void print_help(bool is_link)
{
	const struct option_row *row;
	const char *text;

	puts(is_link ?
	     "usage: klp link [OPTION]... MODULE\n"
	     "Turns references declared by KLP_RELOC() into livepatch relocations." :
	     "usage: klp build [OPTION]... DIFF...\n"
	     "Makes a livepatch module from diffs (-p1) of a kernel's source.");
	putchar('\n');
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (!takes(row, is_link))
			continue;
		text = mem_printf("--%s%s%s", row->name, row->arg ? " " : "", row->arg ?: "");
		if (row->is_short)
			printf("  -%c, %-20s %s\n", row->letter, text, row->help);
		else
			printf("      %-20s %s\n", text, row->help);
	}
	puts("\nSee klp-build(1).");
	exit(fflush(stdout) ? KLP_EXIT_FAILED : KLP_EXIT_OK);
}

static unsigned int read_jobs(const char *text)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || !value || value > JOBS_MAX)
		die_usage("--jobs: %s is not a number of jobs", text);
	return (unsigned int)value;
}

static void add_cves(struct build_options *options, const char *list)
{
	char *text = mem_strdup(list), *one;

	while ((one = strsep(&text, ", "))) {
		if (*one)
			*list_add(&options->cves) = one;
	}
}

static void set(struct build_options *options, char letter, const char *arg, bool is_link)
{
	switch (letter) {
	case 'S': options->wanted.source = arg; break;
	case 'B': options->wanted.build = arg; break;
	case 'V': options->wanted.vmlinux = arg; break;
	case 'C': options->wanted.config = arg; break;
	case 'D': options->wanted.modules = arg; break;
	case 'm': options->wanted.module = arg; break;
	case 'o': options->output = arg; break;
	case 'n': options->name = arg; break;
	case 'W': options->version = arg; break;
	case 'c': add_cves(options, arg); break;
	case 'd': options->description = arg; break;
	case 'r': options->no_replace = true; break;
	case 'H': options->cache = arg; break;
	case 'j': options->jobs = read_jobs(arg); break;
	case 'k': options->keep = true; break;
	case 'J': options->json = true; break;
	case 'v': verbose = true; break;
	case 'h': print_help(is_link);
	default: exit(KLP_EXIT_USAGE);		/* getopt_long() has told */
	}
}

static void parse(struct build_options *options, int argc, char **argv, bool is_link)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = { 0 };
	char letters[2 * ARRAY_SIZE(rows) + 1] = "", *next = letters;
	size_t i, nr = 0;
	int letter;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!takes(&rows[i], is_link))
			continue;
		longs[nr++] = (struct option){ rows[i].name, rows[i].arg ? required_argument :
					       no_argument, NULL, rows[i].letter };
		if (!rows[i].is_short)
			continue;
		*next++ = rows[i].letter;
		if (rows[i].arg)
			*next++ = ':';
	}
	argv[0] = mem_strdup(is_link ? "klp: link" : "klp: build");
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		set(options, (char)letter, optarg, is_link);
	options->diffs = argv + optind;
	options->nr = argc - optind;
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
	parse(options, argc, argv, false);
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
	parse(options, argc, argv, true);
	if (options->nr != 1)
		die_usage("link: %s", options->nr ? "one module at a time" : "which module?");
	if (!options->wanted.build && (options->wanted.vmlinux || options->wanted.modules))
		die_usage("link: --vmlinux and --modules go with --build");
	check_output(options->output ?: options->diffs[0]);
}
