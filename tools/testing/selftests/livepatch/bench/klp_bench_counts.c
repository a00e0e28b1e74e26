// SPDX-License-Identifier: GPL-2.0
/* klp_bench: what calls cost, finding symbols, and loading a module meanwhile. */

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "klp_bench_user.h"

/* Calls: only exact where one nanosecond is one instruction. */

static void calls_report(const char *who, const char *key)
{
	char path[PATH_MAX], *text;
	unsigned long cycles;
	long calls;

	snprintf(path, sizeof(path), MODULES "klp_bench_target/parameters/calls_%s", who);
	text = file_read(path);
	if (!text || sscanf(text, "%lu %ld", &cycles, &calls) != 2 || !cycles)
		die("%s: no count", path);

	report(key, (double)cycles / calls);
}

static void side_expect(const char *comm, int side)
{
	struct dirent *entry;
	char path[PATH_MAX], *text;
	DIR *proc = opendir("/proc");

	if (!proc)
		die("/proc: cannot be read");
	while ((entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		text = file_read(path);
		if (!text || strncmp(text, comm, strlen(comm)) || text[strlen(comm)] != '\n')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/patch_state", entry->d_name);
		if (file_number(path) != side)
			die("%s is on side %lld, not %d", comm, file_number(path), side);
		closedir(proc);
		return;
	}
	die("no task called %s", comm);
}

static void patch_hot(long others)
{
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld hot=1", others);
	module_insert("klp_bench_patch", params);
	wait_zero(PATCH "transition");
	patch_settle(others + 1);
	sleep_for(NSEC_PER_SEC);	/* what is done after the end, is done */
}

/* The function tracer, writing to its buffer. */
static void calls_traced(const char *key)
{
	file_write(TRACING "set_ftrace_filter", "klp_bench_hot");
	file_write(TRACING "current_tracer", "function");
	calls_report("reader", key);
	file_write(TRACING "current_tracer", "nop");
	file_write(TRACING "set_ftrace_filter", "");
}

static void calls_settled(void)
{
	patch_hot(0);
	calls_report("reader", "settled");
	calls_traced("settled_traced");
	patch_settle(1);
	sleep_for(NSEC_PER_SEC);
	calls_report("reader", "settled_again");
	patch_remove();
}

static void calls_settled_many(void)
{
	patch_hot(opt.n);
	calls_report("reader", "settled_many");
	patch_remove();
}

static void calls_in_transition(void)
{
	module_insert("klp_bench_patch", "nfuncs=0 hot=1 stay=1");
	sleep_for(5 * NSEC_PER_SEC);
	if (file_reads_zero_or_is_gone(PATCH "transition"))
		die("the transition ended, though a kthread is in a patched function");
	side_expect("klp_bench", 1);
	side_expect("klp_bench_stay", 0);
	calls_report("reader", "new_side");
	calls_report("sleeper", "old_side");
	patch_remove();
}

void calls(void)
{
	long rep;

	for (rep = 0; rep < opt.reps; rep++) {
		calls_report("reader", "unpatched");
		calls_traced("unpatched_traced");
		calls_settled();
		calls_in_transition();
		calls_settled_many();
		calls_report("sleeper", "unpatched");
	}
}

/*
 * Resolution.  A patch whose last function does not exist fails when everything before was found,
 * and before anything is redirected.  The rest of its time is that of a patch that fails alike
 * and has found nothing: on this core, which shows all of a patch before it looks for anything,
 * with the missing function first; on the stock core, which goes from object to object, with a
 * name for the other object that no module has.
 */

static long long loading_ns(const char *file, const char *params)
{
	long long start = now();

	module_insert(file, params);
	return now() - start;
}

static void expect_missing(void)
{
	static char log[1 << 16];
	int len = klogctl(4, log, sizeof(log) - 1);	/* read what is new, and clear it */

	if (len < 0)
		die("the kernel's log cannot be read");
	log[len] = 0;
	if (!strstr(log, "klp_bench_missing"))
		die("the patch failed for another reason:\n%s", log);
}

static long long failing_ns(const char *file, const char *name, const char *params)
{
	char called[PATH_MAX], returned[PATH_MAX];
	long long ns;

	snprintf(called, sizeof(called), MODULES "%s/parameters/called_ns", name);
	snprintf(returned, sizeof(returned), MODULES "%s/parameters/returned_ns", name);
	klogctl(5, NULL, 0);	/* clear it */
	module_insert(file, params);
	expect_missing();
	ns = file_number(returned) - file_number(called);
	module_remove(name);
	sleep_for(50 * NSEC_PER_MSEC);

	return ns;
}

/* "a,b,c" from lines. */
static char *names_read(void)
{
	static char names[1 << 17];
	FILE *file = fopen(opt.names, "r");
	size_t len, i;

	if (!file)
		die("%s: cannot be read", opt.names);
	len = fread(names, 1, sizeof(names) - 1, file);
	fclose(file);
	while (len && names[len - 1] == '\n')
		len--;
	names[len] = 0;
	for (i = 0; i < len; i++)
		if (names[i] == '\n')
			names[i] = ',';

	return names;
}

static bool core_is_ours(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char name[128];
	bool ours = false;

	if (!symbols)
		die("/proc/kallsyms cannot be read");
	while (!ours && fscanf(symbols, "%*s %*s %127s%*[^\n]", name) == 1)
		ours = !strcmp(name, "klp_sysfs_add");
	fclose(symbols);

	return ours;
}

static long long resolve_ns(const char *object, const char *missing, bool first, const char *names)
{
	static char params[1 << 17];

	snprintf(params, sizeof(params), "nfuncs=%ld object=%s missing=%s missing_first=%d %s%s",
		 opt.n, object, missing, first, names ? "names=" : "", names ? names : "");

	return failing_ns("klp_bench_patch", "klp_bench_patch", params);
}

static void resolve_funcs(const char *key, const char *object, const char *missing,
			  const char *names)
{
	long long ns = resolve_ns(object, missing, false, names);

	ns -= core_is_ours() ? resolve_ns(object, missing, true, names) :
			       resolve_ns("klp_bench_absent", missing, false, names);
	report(key, ms(ns));
}

static long long relocs_kernel_ns(const char *file, long expected)
{
	long long ns = loading_ns(file, "");

	if (file_number(MODULES "klp_bench_vrelocs/parameters/refs") != expected)
		die("%s: %lld references are set, not %ld", file,
		    file_number(MODULES "klp_bench_vrelocs/parameters/refs"), expected);
	module_remove("klp_bench_vrelocs");

	return ns;
}

static void resolve_relocs(void)
{
	long long ns;

	ns = failing_ns("klp_bench_relocs", "klp_bench_relocs", "");
	ns -= failing_ns("klp_bench_relocs_absent", "klp_bench_relocs", "");
	report("relocs_module", ms(ns));

	ns = relocs_kernel_ns("klp_bench_vrelocs", 1000);
	ns -= relocs_kernel_ns("klp_bench_vrelocs_absent", 0);
	report("relocs_vmlinux", ms(ns));
}

void resolve(void)
{
	long rep;

	for (rep = 0; rep < opt.reps; rep++) {
		resolve_funcs("module", "klp_bench_target", "vmlinux", NULL);
		resolve_funcs("vmlinux", "vmlinux", "klp_bench_target", names_read());
		resolve_relocs();
	}
}

/*
 * Loading a module that has nothing to do with it: again and again, with nothing else going on,
 * while a transition waits for kthreads that sleep in the function it replaces, and while a patch
 * is being enabled.
 */

enum { PAUSED, FREE, WAITING, ENABLING, TIMES };

static int loader_times;
static long long loader_worst[TIMES];

static void *loader_main(void *unused)
{
	long long ns;
	int times;

	for (;;) {
		sleep_for(10 * NSEC_PER_MSEC);
		times = __atomic_load_n(&loader_times, __ATOMIC_ACQUIRE);
		if (times == PAUSED)
			continue;
		ns = loading_ns("klp_bench_other", "");
		module_remove("klp_bench_other");
		if (ns > loader_worst[times])
			loader_worst[times] = ns;
	}
	return unused;
}

static void loader_set(int times)
{
	__atomic_store_n(&loader_times, times, __ATOMIC_RELEASE);
}

/* One that began before the change has ended. */
static void loader_pause(void)
{
	loader_set(PAUSED);
	sleep_for(100 * NSEC_PER_MSEC);
	while (module_is_loaded("klp_bench_other"))
		sleep_for(10 * NSEC_PER_MSEC);
}

static void load_free(void)
{
	loader_set(FREE);
	sleep_for(4 * NSEC_PER_SEC);
	loader_pause();
}

static void load_waiting(void)
{
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld sleepers=1", opt.n);
	module_insert("klp_bench_patch", params);
	loader_set(WAITING);
	sleep_for(4 * NSEC_PER_SEC);
	loader_pause();
	if (file_reads_zero_or_is_gone(PATCH "transition"))
		die("the transition ended, though kthreads are in a patched function");
	report_hold();
	patch_remove();
}

static void load_enabling(void)
{
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld", opt.n);
	loader_set(ENABLING);
	module_insert("klp_bench_patch", params);
	wait_zero(PATCH "transition");
	loader_pause();
	patch_remove();
}

void loading(void)
{
	long rep;

	thread_start(loader_main, NULL);
	for (rep = 0; rep < opt.reps; rep++) {
		memset(loader_worst, 0, sizeof(loader_worst));
		load_free();
		load_waiting();
		load_enabling();
		report("load_free", ms(loader_worst[FREE]));
		report("load_waiting", ms(loader_worst[WAITING]));
		report("load_enabling", ms(loader_worst[ENABLING]));
	}
}
