// SPDX-License-Identifier: GPL-2.0
/* klp_bench: one patch, coming and going. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "klp_bench_user.h"

#define ENABLED_FUNCTIONS	TRACING "enabled_functions"

void targets_load(void)
{
	char name[64];
	long i;

	if (!module_is_loaded("klp_bench_target"))
		module_insert("klp_bench_target", "");
	for (i = 0; i < opt.parts; i++) {
		snprintf(name, sizeof(name), "klp_bench_part%02ld", i);
		if (!module_is_loaded(name))
			module_insert(name, "");
	}
}

static void expect_patched(long expected)
{
	char path[96];
	long patched = 0;
	long i;

	for (i = 0; i < opt.parts; i++) {
		snprintf(path, sizeof(path), MODULES "klp_bench_part%02ld/parameters/patched", i);
		patched += file_number(path);
	}
	if (!opt.parts)
		patched = file_number(MODULES "klp_bench_target/parameters/patched");
	if (patched != expected)
		die("%ld functions are patched, not %ld", patched, expected);
}

/* Functions that somebody traces or redirects; with a flag, those that have it. */
static long functions_enabled(char flag)
{
	FILE *file = fopen(ENABLED_FUNCTIONS, "r");
	char line[512], *flags;
	long count = 0;

	while (file && fgets(line, sizeof(line), file)) {
		flags = strchr(line, ')');
		if (!flags)
			continue;
		flags[strcspn(flags, "\t\n")] = 0;
		count += !flag || strchr(flags, flag);
	}
	if (file)
		fclose(file);

	return count;
}

/* What the last patch left behind goes later; it must not make the next one cheaper or dearer. */
void wait_quiet(void)
{
	long long end = now() + opt.quiet * NSEC_PER_SEC;

	while (functions_enabled(0) && now() < end)
		sleep_for(20 * NSEC_PER_MSEC);
	report("left_behind", functions_enabled(0));
	sleep_for(200 * NSEC_PER_MSEC);
}

/*
 * Calls become jumps (J) some time after the end of a transition.  Returns how long after, or 0 if
 * not all did.
 */
long long patch_settle(long expected)
{
	long long start = now();
	long jumps = 0;

	while (opt.settle && jumps < expected && now() < start + opt.settle * NSEC_PER_SEC) {
		sleep_for(50 * NSEC_PER_MSEC);
		jumps = functions_enabled('J');
	}
	report("jumps", jumps);
	if (!jumps)
		opt.settle = 0;		/* this kernel has none: ask no more */

	return jumps < expected ? 0 : now() - start;
}

/* Pages of slabs, of vmalloc (trampolines are there, too) and per-CPU, in bytes. */
static long long memory_used(void)
{
	static const char * const fields[] = { "\nSlab:", "\nVmallocUsed:", "\nPercpu:" };
	long long used = 0;
	unsigned int i;
	char *text, *at;

	sleep_for(500 * NSEC_PER_MSEC);
	if (!access("/proc/sys/vm/stat_refresh", W_OK))
		file_write("/proc/sys/vm/stat_refresh", "1");
	text = file_read("/proc/meminfo");
	if (!text)
		die("/proc/meminfo: cannot be read");
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		at = strstr(text, fields[i]);
		if (!at)
			die("no %s in /proc/meminfo", fields[i] + 1);
		used += strtoll(at + strlen(fields[i]), NULL, 10) * 1024;
	}

	return used;
}

static long long memory_of_dry_patch(void)
{
	char params[64];
	long long used = memory_used();

	snprintf(params, sizeof(params), "nfuncs=%ld dry=1", opt.n);
	module_insert("klp_bench_patch", params);
	used = memory_used() - used;
	module_remove("klp_bench_patch");

	return used;
}

/* The worst that the core's mutex was held, where the core says it. */
void report_hold(void)
{
	char *text = file_read(PATCH "stats");
	char *at = text ? strstr(text, "hold_us ") : NULL;

	if (at)
		report("hold", strtod(at + strlen("hold_us "), NULL) / 1000);
}

static long long patch_enable(void)
{
	long long inserting, called, returned, done;
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld parts=%ld", opt.n, opt.parts);
	inserting = now();
	module_insert("klp_bench_patch", params);
	wait_zero(PATCH "transition");
	done = now();
	if (access(PATCH "enabled", F_OK))
		die("the patch is gone after it was enabled");

	called = file_number(MODULES "klp_bench_patch/parameters/called_ns");
	returned = file_number(MODULES "klp_bench_patch/parameters/returned_ns");
	if (called < inserting || returned < called || done < returned)
		die("the clocks disagree");
	report("insmod", ms(done - inserting));
	report("enable", ms(done - called));
	report("enable_call", ms(returned - called));
	report_hold();

	return done - inserting;
}

static long long patch_disable(void)
{
	long long start, written, moved, done;

	start = now();
	file_write(PATCH "enabled", "0");
	written = now();
	wait_zero(PATCH "transition");
	moved = now();
	wait_zero(MODULES "klp_bench_patch/refcnt");
	done = now();
	module_remove("klp_bench_patch");

	report("disable", ms(done - start));
	report("disable_call", ms(written - start));
	report("disable_transition", ms(moved - start));
	report("rmmod", ms(now() - done));

	return done - start;
}

/* Whatever the time it takes. */
void patch_remove(void)
{
	file_write(PATCH "enabled", "0");
	wait_zero(MODULES "klp_bench_patch/refcnt");
	module_remove("klp_bench_patch");
	wait_quiet();
}

static long long disable_watched(void)
{
	long long spent;

	watch_phase(DISABLE);
	spent = patch_disable();
	if (opt.watch)
		wait_quiet();
	watch_phase(OFF);
	expect_patched(0);

	return spent;
}

static long long enable_watched(void)
{
	long long spent, settling;

	watch_phase(ENABLE);
	spent = patch_enable();
	settling = patch_settle(opt.n);
	watch_phase(OFF);
	if (settling)
		report("settle", ms(settling));

	return spent + settling;
}

static void cycle_once(long rep)
{
	long long dry = 0, used = 0;
	long long watched;

	wait_quiet();
	if (opt.phase)
		sleep_until((now() / NSEC_PER_SEC + 1) * NSEC_PER_SEC +
			    rep * 370 % 1000 * NSEC_PER_MSEC);
	if (opt.memory) {
		dry = memory_of_dry_patch();
		used = memory_used();
	}

	watched = enable_watched();
	if (opt.memory)
		report("memory", (double)(memory_used() - used - dry) / opt.n);
	expect_patched(opt.n);
	if (!opt.stay)
		watched += disable_watched();
	if (opt.watch)
		watch_report(watched);
}

void cycle(void)
{
	long rep;

	for (rep = 0; rep < opt.reps; rep++)
		cycle_once(rep);
}
