// SPDX-License-Identifier: GPL-2.0
/* klp build: the command.  Each step is a file of its own; here is their order. */

#include "build_options.h"
#include "compile.h"
#include "klp.h"
#include "link.h"
#include "never.h"
#include "report.h"
#include "share.h"

#define MANY	32	/* objects: more of them are not compiled before a few were tried */
#define FEW	6

struct build {
	struct build_options options;
	struct target target;
	struct scratch scratch;
	struct sources sources;
	struct dependents dependents;
	struct pairs pairs;
	const struct kernel *kernel;
	struct patch patch;
	struct refusals refusals;
	struct ignored ignored;
	struct gone gone;
	bool with_lines;		/* #line in the source after */
};

static void stop_if_refused(const struct build *build)
{
	if (!build->refusals.list.nr)
		return;
	report_refusals(&build->refusals, &build->patch, build->options.json);
	exit(fflush(stdout) ? KLP_EXIT_FAILED : KLP_EXIT_REFUSED);
}

_Noreturn static void refuse_nothing(struct build *build, const char *why)
{
	refuse(&build->refusals, &(struct refusal){
		.class = "nothing", .what = mem_printf("%s:", build->options.diffs[0]), .why = why,
	});
	stop_if_refused(build);
	abort();
}

/* ---- The source, before and after ----------------------------------------------------- */

static void read_diffs(struct build *build)
{
	int i;

	for (i = 0; i < build->options.nr; i++)
		source_read(&build->sources, build->options.diffs[i]);
	touch_check(&build->sources, &build->scratch, &build->refusals, &build->ignored);
	stop_if_refused(build);
	if (!build->sources.files.nr)
		refuse_nothing(build, "it changes no file that the kernel is made of");
}

static const char *const *touched_paths(const struct build *build)
{
	const char **paths = mem_array(build->sources.files.nr + 1, sizeof(*paths));
	size_t i;

	for (i = 0; i < build->sources.files.nr; i++)
		paths[i] = build->sources.files.at[i].path;
	return paths;
}

static bool is_last_of(const struct build *build, const struct touched *file)
{
	const struct touched *later;

	for (later = file + 1; later < build->sources.files.at + build->sources.files.nr; later++) {
		if (!strcmp(later->path, file->path))
			return false;
	}
	return true;
}

static void keep_lines(const struct build *build)
{
	const struct scratch *scratch = &build->scratch;
	const struct touched *file;

	list_for_each(file, &build->sources.files) {
		const char *before = mem_printf("%s/%s", scratch->before, file->path);

		if (is_last_of(build, file) && file_exists(before))
			lines_keep(before, mem_printf("%s/%s", scratch->after, file->path));
	}
}

/* The tree of after as the diffs make it, unless it is so already. */
static void make_after(const struct build *build, bool with_lines)
{
	const struct scratch *scratch = &build->scratch;
	const struct touched *file;
	struct text text = { 0 };
	const char *key;

	text_add(&text, "%d\n%s", with_lines, build->sources.all.at);
	key = sha256_hex(text.at, text.size);
	if (scratch_is_after(scratch, key))
		return;
	scratch_after_begin(scratch, touched_paths(build));
	list_for_each(file, &build->sources.files) {
		if (file->touch == TOUCH_CHANGED &&
		    file_exists(mem_printf("%s/%s", scratch->before, file->path)))
			scratch_own(scratch, file->path);
	}
	source_apply(&build->sources, scratch->after);
	if (with_lines)
		keep_lines(build);
	scratch_after_done(scratch, key);
}

/* Drivers that are not configured, and the like */
static void note_unreached(struct build *build)
{
	const struct touched *file;

	list_for_each(file, &build->sources.files) {
		if (!names_get(build->dependents.reached, file->path) &&
		    (str_ends(file->path, ".c") || str_ends(file->path, ".h")))
			*list_add(&build->ignored.paths) = file->path;
	}
}

static void find_dependents(struct build *build)
{
	depend_find(&build->dependents, &build->scratch, &build->sources);
	note_unreached(build);
	if (build->dependents.list.nr)
		return;
	refuse_nothing(build, mem_printf("it changes nothing: no object of the kernel is of %s",
					 build->sources.files.at[0].path));
}

/* ---- Comparing ------------------------------------------------------------------------ */

static char *find_module(const char *name, void *arg)
{
	const struct build *build = arg;

	return target_module(&build->target, name, build->scratch.dir);
}

static char *find_debug(const char *name, void *arg)
{
	const struct build *build = arg;

	return target_module_debug(&build->target, name,
				   mem_printf("%s/debug", build->scratch.dir));
}

static const char *same_class(const struct dependent *dependent)
{
	if (str_ends(dependent->source, ".c"))
		return "vdso";
	return str_ends(dependent->object, ".o") ? "asm" : "linker";
}

static void check_same(struct build *build, const struct pair *pair)
{
	const char *how = "comes out otherwise";

	if (!file_exists(pair->before) || !file_exists(pair->after))
		how = "cannot be compiled by itself, so it may come out otherwise";
	else if (objects_same(pair->before, pair->after))
		return;
	refuse(&build->refusals, &(struct refusal){
		.class = same_class(pair->dependent),
		.file = pair->dependent->source,
		.what = "the file",
		.why = mem_printf("%s, because of %s, and cannot be patched", how,
				  pair->dependent->because),
		.advice = "leave it out of the diff, or keep it to the C files that need it",
	});
}

/* Offsets in structures, as code in assembler has them */
static void check_offsets(struct build *build)
{
	static const char *const headers[] = {
		"include/generated/asm-offsets.h", "include/generated/bounds.h",
	};
	const char *before, *after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(headers) && !build->target.module; i++) {
		before = mem_printf("%s/%s", build->scratch.before, headers[i]);
		after = mem_printf("%s/%s", build->scratch.after, headers[i]);
		if (!file_exists(before) || objects_same(before, after))
			continue;
		refuse(&build->refusals, &(struct refusal){
			.class = "layout", .file = build->sources.files.at[0].path,
			.what = "a structure",
			.why = mem_printf("changed that code in assembler uses (%s)", headers[i]),
			.advice = "put new fields into shadow variables (klp_shadow_alloc())",
		});
	}
}

static void copy_refusals(struct build *build, const struct diff *diff)
{
	const struct refusal *refusal;

	list_for_each(refusal, &diff->refusals.list)
		refuse(&build->refusals, refusal);
}

static void compare(struct build *build, const struct pair *pair, const char *dir)
{
	struct diff diff = {
		.before = pair->before,
		.after = pair->after,
		.source = pair->dependent->source,
		.object = pair->object,
		.index = (unsigned int)build->patch.diffs.nr,
		.kernel = build->kernel,
		.wanted = pair->wanted,
		.beside = pair->beside,
		.gone = &build->gone,
	};
	bool written;

	diff.out = mem_printf("%s/%u.o", dir, diff.index);
	written = diff_object(&diff);
	/* A new source had no types that others could know otherwise. */
	if (!pair->dependent->is_new)
		types_compare(&diff);
	never_check(&diff, &build->refusals);
	copy_refusals(build, &diff);
	if (written)
		*list_add(&build->patch.diffs) = diff;
}

/* ---- Compiling ------------------------------------------------------------------------ */

/* #line may be wrong at a place that only a preprocessor understands. */
static void compile_both(struct build *build, struct pairs *pairs,
			 const struct dependents *dependents)
{
	make_after(build, build->with_lines);
	if (compile_pairs(pairs, &build->scratch, dependents))
		return;
	if (build->with_lines) {
		note("it does not compile; once more, without #line");
		build->with_lines = false;
		compile_both(build, pairs, dependents);
		return;
	}
	die("%s: what it makes of the source does not compile (log in %s):\n%s",
	    build->options.diffs[0], build->scratch.log, kbuild_errors());
}

/*
 * A header that half of the kernel uses is compiled for minutes; most of what is refused
 * shows in the first few objects.
 */
static void compile_few(struct build *build)
{
	const char *dir = module_dir(&build->scratch, build->patch.name);
	struct dependents few = build->dependents;
	struct pairs pairs = { 0 };
	const struct pair *pair;

	if (few.list.nr <= MANY)
		return;
	few.list.nr = FEW;
	compile_both(build, &pairs, &few);
	check_offsets(build);
	dir_make(dir);
	list_for_each(pair, &pairs.list) {
		if (pair->object)
			compare(build, pair, dir);
	}
	build->patch.diffs.nr = 0;
	build->gone = (struct gone){ 0 };
	stop_if_refused(build);
}

static void compare_all(struct build *build)
{
	const char *dir = mem_printf("%s/objects", module_dir(&build->scratch, build->patch.name));
	const struct pair *pair;
	size_t nr = 0;

	path_remove(dir);
	dir_make(dir);
	share_find(&build->pairs);
	check_offsets(build);
	list_for_each(pair, &build->pairs.list) {
		progress("comparing: %zu of %zu objects, %s", ++nr, build->pairs.list.nr,
			 pair->dependent->object);
		if (pair->object)
			compare(build, pair, dir);
		else
			check_same(build, pair);
	}
	progress_end();
	removed_check(build->kernel, &build->gone, &build->refusals);
	stop_if_refused(build);
	if (!build->patch.diffs.nr)
		refuse_nothing(build, "it changes nothing: all functions do the same as before");
}

/* One callback of a kind is all that an object of the kernel can have. */
static void check_declarations(struct build *build)
{
	const struct declaration *const *one, *const *other;
	struct patched_list objects = { 0 };
	struct patched *patched;

	patch_objects(&objects, &build->patch);
	list_for_each(patched, &objects.list) {
		list_for_each(one, &patched->declarations) {
			for (other = patched->declarations.at; other < one; other++) {
				if (!strcmp((*one)->kind, "state") ||
				    strcmp((*one)->kind, (*other)->kind))
					continue;
				die_refused("%s: there are two %s callbacks; make one of them",
					    patched->name, (*one)->kind);
			}
		}
	}
}

/* loop.patch for module loop: of two modules of one name only one can be loaded. */
static void check_module_name(const struct build *build)
{
	const char *name = build->patch.name;
	const struct diff *diff;

	list_for_each(diff, &build->patch.diffs) {
		if (!strcmp(diff->object, name))
			die_usage("--name: %s: is the patched module; call the patch otherwise",
				  name);
	}
}

/* ---- The module ----------------------------------------------------------------------- */

static void link_patch(struct build *build, const char *module)
{
	LIST(struct reference) references = { 0 };
	const struct reference *reference;
	const struct diff *diff;

	list_for_each(diff, &build->patch.diffs) {
		list_for_each(reference, &diff->references)
			*list_add(&references) = *reference;
	}
	link_file(module, build->options.output, references.at, references.nr, build->kernel);
}

static void make_patch(struct build *build)
{
	const char *module;

	check_declarations(build);
	check_module_name(build);
	build->patch.kernel = build->kernel;
	module = module_make(&build->scratch, &build->patch);
	link_patch(build, module);
	if (build->options.keep)
		warn("source and objects of the module are kept in %s", path_dir(module));
	else
		path_remove(path_dir(module));
}

/* Modules outside of the kernel's source may use each other's exports. */
static void open_kernel(struct build *build)
{
	const char *symvers = mem_printf("%s/Module.symvers", build->target.module ?: "");
	struct kernel *kernel;

	kernel = kernel_open(build->target.vmlinux, build->target.symvers, find_module, build);
	kernel_set_debug(kernel, find_debug);
	if (build->target.module && file_exists(symvers))
		kernel_add_exports(kernel, symvers);
	build->kernel = kernel;
}

static void set_patch(struct build *build)
{
	const struct build_options *options = &build->options;

	build->patch.name = options->name;
	build->patch.version = options->version;
	build->patch.description = options->description;
	build->patch.replace = !options->no_replace;
	build->patch.cves.at = options->cves.list.at;
	build->patch.cves.nr = options->cves.list.nr;
}

int cmd_build(int argc, char **argv)
{
	struct build *build = mem_alloc(sizeof(*build));

	build_options_read(&build->options, argc, argv);
	kbuild_environment();
	set_patch(build);
	build->with_lines = true;
	target_find(&build->target, &build->options.wanted);
	scratch_open(&build->scratch, &build->target, build->options.cache, build->options.jobs);
	read_diffs(build);
	find_dependents(build);
	open_kernel(build);
	compile_few(build);
	compile_both(build, &build->pairs, &build->dependents);
	compare_all(build);
	make_patch(build);
	report_patch(&build->patch, &build->ignored, build->options.output, build->options.json);
	return KLP_EXIT_OK;
}
