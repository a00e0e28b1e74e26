// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch trees: the source before and after the diffs, kept and reused.
 *
 *	before/		copy of the source, prepared by kbuild
 *	after/		hard links to the files of before/, but for what a diff changes;
 *			what kbuild makes is copied: it writes into such files in place
 *	sources		what before/ was copied from: time and size of each file
 *	products	what kbuild made when it prepared before/
 *	objects		what was compiled since, in either tree
 *	state		what after/ holds
 *
 * What is about to be changed in after/ is written down first, so an interrupted run
 * leaves nothing behind that the next one would believe in.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "tree.h"
#include "tree_source.h"

#define FORMAT	"2"		/* of the scratch trees; others are not reused */

/*
 * The layouts of types are told by debug information: all of it, in the objects, whatever
 * the configuration wants.  GCC is told last what it was told otherwise before.
 */
#define DEBUG_FLAGS	"-g -gz=none -gno-split-dwarf"
#define DEBUG_REDUCED	"-femit-struct-debug-detailed=any"

/* livepatch_helpers.h: kernels older than it do not bring it, patches want to use it */
__asm__(".section .rodata\n"
	"klp_helpers:\n\t.incbin \"../../../include/linux/livepatch_helpers.h\"\n"
	"klp_helpers_end:\n\t.byte 0\n"
	".previous\n");
extern const char klp_helpers[], klp_helpers_end[];

static char *inside(const struct scratch *scratch, const char *name)
{
	return mem_printf("%s/%s", scratch->dir, name);
}

/* ---- Finding the place ---------------------------------------------------------------- */

static const char *cache_dir(const char *told)
{
	const char *home = getenv("XDG_CACHE_HOME");

	if (told)
		return told;
	if (getenv("KLP_CACHE") && *getenv("KLP_CACHE"))
		return getenv("KLP_CACHE");
	if (home && *home)
		return mem_printf("%s/klp", home);
	home = getenv("HOME");
	if (!home || !*home)
		die("there is no HOME to keep scratch trees in; tell a place by --cache DIR");
	return mem_printf("%s/.cache/klp", home);
}

/* Trees of the same name are of the same source, configuration and compiler. */
static const char *scratch_key(const struct scratch *scratch)
{
	const struct target *target = scratch->target;
	struct text text = { 0 };

	text_add(&text, "%s\n%s\n%s\n%s\n", FORMAT, scratch->source, target->build,
		 target->cc_version);
	text_add_bytes(&text, target->config_text.at, target->config_text.size);
	return mem_strndup(sha256_hex(text.at, text.size), 16);
}

/* What is run inherits it: a make that outlives us is at work in the trees still. */
static void lock(const struct scratch *scratch)
{
	int fd = open(inside(scratch, "lock"), O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		die_errno("%s", inside(scratch, "lock"));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return;
	progress("waiting for another klp that uses %s", scratch->dir);
	while (flock(fd, LOCK_EX)) {
		if (errno != EINTR)
			die_errno("%s", inside(scratch, "lock"));
	}
	progress_end();
}

/* ---- The tree of before: what changed in the source since? ---------------------------- */

static struct names *stamps_of(const struct tree_list *list)
{
	struct names *names = names_new();
	const struct entry *file;

	list_for_each(file, &list->files)
		names_set(names, file->path, (void *)file->stamp);
	return names;
}

static size_t copy_changed(const struct scratch *scratch, const struct tree_list *now,
			   const struct names *then)
{
	const struct entry *file;
	const char *stamp;
	size_t nr = 0;

	list_for_each(file, &now->files) {
		stamp = names_get(then, file->path);
		if (stamp && !strcmp(stamp, file->stamp))
			continue;
		tree_copy(scratch->source, scratch->before, file->path);
		/* What is made of it has to be older, whatever time the file brings. */
		if (stamp)
			utimensat(AT_FDCWD, mem_printf("%s/%s", scratch->before, file->path), NULL,
				  AT_SYMLINK_NOFOLLOW);
		if (++nr % 1000 == 0)
			progress("copying the source: %zu of %zu files", nr, now->files.nr);
	}
	return nr;
}

static size_t remove_gone(const struct scratch *scratch, const struct tree_list *then,
			  const struct names *now)
{
	const struct entry *file;
	size_t nr = 0;

	list_for_each(file, &then->files) {
		if (names_get(now, file->path))
			continue;
		path_remove(mem_printf("%s/%s", scratch->before, file->path));
		nr++;
	}
	return nr;
}

/* Return: whether anything changed. */
static bool bring_up(const struct scratch *scratch)
{
	const char *list = inside(scratch, "sources");
	struct tree_list then = { 0 }, now = { 0 };
	size_t nr;

	progress("looking for changes of %s", scratch->source);
	tree_walk(&now, scratch->source, scratch->target->module ? skip_module : skip_kernel);
	if (!now.files.nr)
		die("%s: there is no source in it", scratch->source);
	if (!tree_read(&then, list))
		path_remove(scratch->before);
	nr = copy_changed(scratch, &now, stamps_of(&then));
	nr += remove_gone(scratch, &then, stamps_of(&now));
	progress_end();
	note("%zu of %zu files of the source changed", nr, now.files.nr);
	if (!nr)
		return false;
	unlink(inside(scratch, "prepared"));	/* before the list says that nothing changed */
	tree_write(&now, list);
	return true;
}

/* ---- The tree of before: prepared ----------------------------------------------------- */

struct kbuild scratch_kbuild(const struct scratch *scratch, const char *tree)
{
	return (struct kbuild){
		.target = scratch->target,
		.tree = scratch->target->module ? scratch->target->build : tree,
		.module = scratch->target->module ? tree : NULL,
		.flags = scratch->flags,
		.log = scratch->log,
		.jobs = scratch->jobs,
	};
}

static void make_or_die(const struct scratch *scratch, const char *what, size_t steps,
			const char *const *goals, size_t nr)
{
	struct kbuild how = scratch_kbuild(scratch, scratch->before);

	how.what = what;
	how.steps = steps;
	if (!kbuild(&how, goals, nr))
		die("%s: kbuild cannot prepare a copy of it (log in %s):\n%s", scratch->source,
		    scratch->log, kbuild_errors());
}

static bool skip_nothing(const char *root, const char *path, bool is_dir)
{
	(void)root;
	(void)path;
	(void)is_dir;
	return false;
}

static bool has_command(const struct scratch *scratch, const char *path)
{
	return file_exists(mem_printf("%s/%s/.%s.cmd", scratch->before, path_dir(path),
				      path_base(path)));
}

static void list_products(const struct scratch *scratch)
{
	struct tree_list sources = { 0 }, all = { 0 }, products = { 0 };
	const struct entry *file;
	struct names *names;

	tree_read(&sources, inside(scratch, "sources"));
	names = stamps_of(&sources);
	tree_walk(&all, scratch->before, skip_nothing);
	list_for_each(file, &all.files) {
		if (!names_get(names, file->path) || has_command(scratch, file->path))
			*list_add(&products.files) = *file;
	}
	tree_write(&products, inside(scratch, "products"));
}

/*
 * objtool and BTF are of no use for single objects, and building the tools takes longer
 * than all the rest; they have no say in how a compiler is called.
 */
static void prepare(const struct scratch *scratch)
{
	static const char *const config[] = { "olddefconfig" };
	static const char *const goals[] = {
		"prepare", "CONFIG_OBJTOOL=", "CONFIG_DEBUG_INFO_BTF=",
	};
	const char *path = mem_printf("%s/.config", scratch->before);

	file_write(path, scratch->target->config_text.at, scratch->target->config_text.size);
	make_or_die(scratch, "configuring", 0, config, 1);
	check_same_config(scratch->target, path);
	make_or_die(scratch, "preparing (once)", 250, goals, ARRAY_SIZE(goals));
	list_products(scratch);
}

static void forget_objects(const struct scratch *scratch)
{
	struct tree_list objects = { 0 };
	const struct entry *object;
	const char *dir, *base;

	tree_read(&objects, inside(scratch, "objects"));
	list_for_each(object, &objects.files) {
		dir = path_dir(object->path);
		base = path_base(object->path);
		unlink(mem_printf("%s/%s", scratch->before, object->path));
		unlink(mem_printf("%s/%s/.%s.cmd", scratch->before, dir, base));
	}
	unlink(inside(scratch, "objects"));
}

static void check_writable(const char *dir)
{
	dir_make(dir);
	if (access(dir, W_OK | X_OK))
		die_errno("%s: scratch trees cannot be kept there", dir);
}

static void write_helpers(const struct scratch *scratch)
{
	const char *path = inside(scratch, "include/linux/livepatch_helpers.h");
	size_t size = (size_t)(klp_helpers_end - klp_helpers);
	struct bytes old;

	if (file_try_read(path, &old) && old.size == size && !memcmp(old.at, klp_helpers, size))
		return;
	dir_make(path_dir(path));
	file_write(path, klp_helpers, size);
}

static char *object_flags(const struct scratch *scratch)
{
	const struct bytes *config = &scratch->target->config_text;
	struct text flags = { 0 };

	text_add(&flags, "-ffunction-sections -fdata-sections " DEBUG_FLAGS " -Wno-error -I%s",
		 inside(scratch, "include"));
	if (config_value(config, "CONFIG_DEBUG_INFO_REDUCED") &&
	    config_value(config, "CONFIG_CC_IS_GCC"))
		text_add(&flags, " " DEBUG_REDUCED);
	if (scratch->target->module)
		text_add(&flags, " -ffile-prefix-map=%s/= -ffile-prefix-map=%s/=", scratch->before,
			 scratch->after);
	return flags.at;
}

void scratch_open(struct scratch *scratch, const struct target *target, const char *cache,
		  unsigned int jobs)
{
	bool changed;

	*scratch = (struct scratch){ .target = target, .jobs = jobs };
	scratch->source = target->module ?: target->source;
	cache = cache_dir(cache);
	check_writable(cache);
	scratch->dir = mem_printf("%s/%s", path_real(cache), scratch_key(scratch));
	dir_make(scratch->dir);
	lock(scratch);
	scratch->before = inside(scratch, "before");
	scratch->after = inside(scratch, "after");
	scratch->log = inside(scratch, "log");
	scratch->flags = object_flags(scratch);
	unlink(scratch->log);
	write_helpers(scratch);
	changed = bring_up(scratch);
	if (!changed && file_exists(inside(scratch, "prepared")))
		return;
	unlink(inside(scratch, "prepared"));
	unlink(inside(scratch, "state"));
	forget_objects(scratch);
	if (target->module)
		list_products(scratch);
	else
		prepare(scratch);
	file_write(inside(scratch, "prepared"), FORMAT "\n", 2);
}

/* ---- The tree of after ---------------------------------------------------------------- */

void scratch_object(const struct scratch *scratch, const char *object)
{
	struct tree_list objects = { 0 };
	const struct entry *known;

	tree_read(&objects, inside(scratch, "objects"));
	list_for_each(known, &objects.files) {
		if (!strcmp(known->path, object))
			return;
	}
	*list_add(&objects.files) = (struct entry){ .path = object, .stamp = "-" };
	tree_write(&objects, inside(scratch, "objects"));
}

bool scratch_is_after(const struct scratch *scratch, const char *key)
{
	struct tree_list state = { 0 };

	return tree_read(&state, inside(scratch, "state")) && state.files.nr &&
	       !strcmp(state.files.at[0].stamp, "done") && !strcmp(state.files.at[0].path, key);
}

static void read_list(const struct scratch *scratch, struct tree_list *list, const char *name)
{
	if (!tree_read(list, inside(scratch, name)))
		die("%s: it is damaged; remove it", scratch->dir);
}

static void copy_products(const struct scratch *scratch)
{
	struct tree_list products = { 0 };
	const struct entry *file;

	read_list(scratch, &products, "products");
	list_for_each(file, &products.files)
		tree_copy(scratch->before, scratch->after, file->path);
}

static void make_after(const struct scratch *scratch)
{
	struct tree_list sources = { 0 };
	const struct entry *file;

	progress("linking the tree of what comes after");
	path_remove(scratch->after);
	read_list(scratch, &sources, "sources");
	list_for_each(file, &sources.files)
		tree_link(scratch->before, scratch->after, file->path);
	copy_products(scratch);
	progress_end();
}

/* Headers and Makefiles have a say in what kbuild prepared, .c files do not. */
static bool is_simple(const struct tree_list *state)
{
	const struct entry *file;

	list_for_each(file, &state->files) {
		if (strcmp(file->stamp, "done") && !str_ends(file->path, ".c"))
			return false;
	}
	return true;
}

static void restore(const struct scratch *scratch, const struct tree_list *state)
{
	const struct entry *file;

	list_for_each(file, &state->files) {
		if (!strcmp(file->stamp, "done"))
			continue;
		if (file_exists(mem_printf("%s/%s", scratch->before, file->path)))
			tree_link(scratch->before, scratch->after, file->path);
		else
			path_remove(mem_printf("%s/%s", scratch->after, file->path));
	}
}

/* An object of a restored file would look newer than the file. */
static void remove_objects(const struct scratch *scratch)
{
	struct tree_list objects = { 0 };
	const struct entry *object;

	tree_read(&objects, inside(scratch, "objects"));
	list_for_each(object, &objects.files) {
		unlink(mem_printf("%s/%s", scratch->after, object->path));
		unlink(mem_printf("%s/%s/.%s.cmd", scratch->after, path_dir(object->path),
				  path_base(object->path)));
	}
}

void scratch_after_begin(const struct scratch *scratch, const char *const *touched)
{
	struct tree_list state = { 0 }, next = { 0 };
	const char *path = inside(scratch, "state");

	if (tree_read(&state, path)) {
		restore(scratch, &state);
		remove_objects(scratch);
		if (!is_simple(&state))
			copy_products(scratch);
	} else {
		unlink(path);
		make_after(scratch);
	}
	for (; *touched; touched++)
		*list_add(&next.files) = (struct entry){ .path = *touched, .stamp = "changed" };
	tree_write(&next, path);
}

void scratch_after_done(const struct scratch *scratch, const char *key)
{
	const char *path = inside(scratch, "state");
	struct tree_list state = { 0 }, next = { 0 };
	const struct entry *file;

	*list_add(&next.files) = (struct entry){ .path = key, .stamp = "done" };
	tree_read(&state, path);
	list_for_each(file, &state.files)
		*list_add(&next.files) = *file;
	tree_write(&next, path);
}

void scratch_own(const struct scratch *scratch, const char *path)
{
	tree_copy(scratch->before, scratch->after, path);
}
