// SPDX-License-Identifier: GPL-2.0
/*
 * klp-hostile - load bad livepatch modules, made of a good one
 *
 *	klp-hostile [OPTION]... files|edits|sums PATCH.ko TARGET.ko
 *	klp-hostile [OPTION]... tables PATCH.ko TARGET.ko
 *
 *	files	random mutations of all that livepatch reads of a module's file
 *	edits	one thing at a time, with every value that is odd
 *	sums	random mutations of the table of checksums
 *	tables	declarations as they should not be, by the parameter of the patch
 *
 *	-s SEED		of the random numbers (1)
 *	-n COUNT	how many random ones (1000)
 *	-e EVERY	of the single edits, every so many only (1)
 *	-o NUMBER	only this one
 *
 * Each must be refused with an errno and a line in the log, of livepatch or the module
 * loader, or work, be disabled and unloaded; and the machine must then be as it was.
 * Half of them are loaded while the target is there; the others meet it later.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "klp-hostile-random.h"
#include "klp-hostile-state.h"
#include "klp-hostile-tables.h"

enum want { ANY, REFUSED };

static struct image good, img, target;
static const char *patch_name, *params = "";
static bool target_there, declared;
static unsigned int only, every = 1;
static uint64_t seed = 1;

/* ---- modules ---- */

static int load(const struct image *image, const char *args)
{
	return syscall(SYS_init_module, image->data, image->len, args) ? errno : 0;
}

static bool unloaded(void *name)
{
	return !syscall(SYS_delete_module, name, O_NONBLOCK) || errno == ENOENT;
}

static void unload(const char *kind, const char *name)
{
	if (!wait_for(unloaded, (void *)name))
		fail(kind, "%s cannot be unloaded: %s", name, strerror(errno));
}

static const char *patch_file(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), PATCHES "/%s/%s", patch_name, name);
	return path;
}

static bool patch_gone(void *arg)
{
	return !exists(patch_file("enabled"));
}

static bool settled(void *arg)
{
	char text[16];

	return !read_file(patch_file("transition"), text, sizeof(text)) || *text == '0';
}

static void disable(const char *kind)
{
	if (!wait_for(settled, NULL))
		fail(kind, "the transition does not end");
	if (exists(patch_file("enabled")) && !write_file(patch_file("enabled"), "0"))
		fail(kind, "cannot be disabled: %s", strerror(errno));
	if (!wait_for(patch_gone, NULL))
		fail(kind, "does not go");
}

/* ---- one case ---- */

static void count_errno(int error)
{
	by_errno[error < ERRNO_MAX ? error : 0]++;
}

/* Relocations of the target in the patch's data; they are not to be seen without it. */
static void read_applied(char applied[16])
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/applied", patch_name);
	read_file(path, applied, 16);
}

static void expect_said(const char *kind, int error, enum speaker said, enum speaker least)
{
	by_speaker[said]++;
	if (said > least)
		fail(kind, "no line of livepatch%s about %s", least > CORE ? " or the loader" : "",
		     strerror(error));
}

/* Returns the errno of the target, which is a good module: none but the core refuses it. */
static int meet_target(const char *kind)
{
	char was[16], is[16];
	int error;

	read_applied(was);
	log_read(kind, TARGET);
	error = load(&target, "");
	if (error)
		expect_said(kind, error, log_read(kind, TARGET), CORE);
	if (error && exists("/sys/module/" TARGET))
		fail(kind, "the target was refused, and is there");
	if (!error)
		unload(kind, TARGET);
	read_applied(is);
	if (strcmp(was, is))
		fail(kind, "relocations of the target are left without it");
	return error;
}

static void attempt(const char *kind, enum want want)
{
	struct tally *t = tally_of(kind);
	int error, late = 0;

	if (!declared && !is_mutated(&img, &good))
		fail(kind, "this is the good module");
	log_mark(kind);
	error = load(&img, params);
	if (error)
		expect_said(kind, error, log_read(kind, patch_name), LOADER);
	if (!error && !target_there && exists(patch_file("enabled")))
		late = meet_target(kind);
	if (!error) {
		disable(kind);
		unload(kind, patch_name);
	}
	log_read(kind, patch_name);

	t->cases++;
	t->refused += error > 0;
	t->late += late > 0;
	t->loaded += !error && !late;
	if (error || late)
		count_errno(error ?: late);
	else if (want == REFUSED)
		fail(kind, "was not refused");
	expect_as_before(kind);
}

/* Is it the next one's turn?  Those that differ in number meet the target differently. */
static bool begin(unsigned int step)
{
	cases++;
	if (only && cases != only)
		return false;
	if (!only && (cases % step || cases / step % 2 != target_there))
		return false;
	copy_image(&img, &good);
	return true;
}

/* An odd value may be what was there, and what is kept out is put back. */
static bool good_again(void)
{
	keep_out(&img, &good);
	return !is_mutated(&img, &good);
}

/* They end with an attempt each. */
#include "klp-hostile-single.h"
#include "klp-hostile-counts.h"

static void all_edits(unsigned int count)
{
	edit_planned(refused_edits, NR(refused_edits), REFUSED);
	edit_planned(refused_counts, NR(refused_counts), REFUSED);
	edit_planned(odd_counts, NR(odd_counts), ANY);
	edit_headers();
	edit_relas();
	edit_symbols();
	edit_names();
}

/* ---- random ones ---- */

static const char *random_edit(const struct way *ways, unsigned int nr)
{
	unsigned int first = below(nr), more;

	ways[first].edit(&img);
	for (more = below(3); more; more--)
		ways[below(nr)].edit(&img);
	return ways[first].name;
}

static void random_edits(const struct way *ways, unsigned int nr, unsigned int count)
{
	const char *kind;

	while (count--) {
		if (!begin(1))
			continue;
		random_state = seed * 1000003 + cases;
		kind = random_edit(ways, nr);
		for (; good_again(); redrawn++) {
			copy_image(&img, &good);
			kind = random_edit(ways, nr);
		}
		attempt(kind, ANY);
	}
}

static void random_files(unsigned int count)
{
	random_edits(file_ways, NR(file_ways), count);
}

static void random_sums(unsigned int count)
{
	random_edits(sum_ways, NR(sum_ways), count);
}

/* ---- tables ---- */

static void random_tables_declared(unsigned int count)
{
	while (count--) {
		if (!begin(1))
			continue;
		random_state = seed * 1000003 + cases;
		params = random_table();
		attempt("declaration", ANY);
	}
}

/* ---- running ---- */

static const struct run {
	const char *name, *patch;
	void (*all)(unsigned int count);
} runs[] = {
	{ "files", "klp_test_hostile", random_files },
	{ "edits", "klp_test_hostile", all_edits },
	{ "sums", "klp_test_hostile", random_sums },
	{ "tables", "klp_test_patch_00", random_tables_declared },
};

static const struct run *find_run(const char *name)
{
	const struct run *run;

	for (run = runs; run < runs + NR(runs); run++)
		if (!strcmp(run->name, name))
			return run;
	errx(2, "%s: no such kind", name);
}

/* The good one, once: it taints the kernel, and must work. */
static void warm_up(const struct run *run)
{
	take_state(before);
	if (load(&good, ""))
		err(1, "the good patch does not load");
	disable("good patch");
	unload("good patch", patch_name);
	if (load(&target, ""))
		err(1, "the target does not load");
	unload("target", TARGET);
	take_state(before);
}

static void run_all(const struct run *run, unsigned int count)
{
	warm_up(run);
	run->all(count);
	if (load(&target, ""))
		err(1, "the target does not load");
	target_there = true;
	take_state(before);
	cases = 0;
	run->all(count);
	unload("target", TARGET);
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	unsigned int count = 1000;
	const struct run *run;
	int c;

	while ((c = getopt(argc, argv, "s:n:e:o:")) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'e':
			every = atoi(optarg);
			break;
		case 'o':
			only = atoi(optarg);
			break;
		default:
			errx(2, "options: -s SEED, -n COUNT, -e EVERY, -o NUMBER");
		}
	}
	if (argc - optind != 3 || !every)
		errx(2, "wanted: files|edits|sums|tables PATCH.ko TARGET.ko");
	run = find_run(argv[optind]);
	patch_name = run->patch;
	declared = !strcmp(run->name, "tables");
	if (declared)
		read_image(&good, argv[optind + 1]);
	else
		read_patch(&good, argv[optind + 1]);
	read_image(&target, argv[optind + 2]);
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	if (kmsg < 0)
		err(1, "/dev/kmsg");
	setvbuf(stdout, NULL, _IOLBF, 0);

	printf("# %s, seed %llu\n", run->name, (unsigned long long)seed);
	clock_gettime(CLOCK_MONOTONIC, &start);
	run_all(run, count);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_figures(run->name);
	printf("# %ld seconds\n", (long)(end.tv_sec - start.tv_sec));
	return failures ? 1 : 0;
}
