// SPDX-License-Identifier: GPL-2.0
/*
 * klp_bench: runs inside the kernel that is measured, beside the klp_bench_*.ko files.
 *
 *   klp_bench cycle [name=value]...   enable and disable a patch
 *   klp_bench calls [name=value]...   count what a call costs
 *
 * Every figure is a line "TAG KEY VALUE".  Times are milliseconds.  Any doubt about a figure (a
 * function that was not patched, a transition that did not end) ends the program with status 1.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATCH	"/sys/kernel/livepatch/klp_bench_patch/"
#define MODULES	"/sys/module/"

#define NSEC_PER_MSEC	1000000LL
#define NSEC_PER_SEC	1000000000LL

#define POLL_NS		(NSEC_PER_MSEC / 5)
#define GIVE_UP_NS	(900 * NSEC_PER_SEC)
#define CPUS_MAX	64

/* Options: name=value on the command line. */
static struct {
	const char *tag;	/* first word of every line of output */
	long n;			/* functions */
	long reps;		/* how often */
	long kthreads;		/* sleeping kthreads beside */
	long users;		/* sleeping threads of this program beside */
	long watch;		/* measure wake-up delays meanwhile */
	long noise;		/* at most so many seconds of them without a patch */
	long stay;		/* leave the patch enabled: for rows that need no disabling */
	long memory;		/* measure what the patch allocates */
	long phase;		/* start at different times after a full second */
	long quiet;		/* seconds to wait at most for traces of the last patch to go */
} opt = { .tag = "-", .n = 1, .reps = 1, .noise = 30, .quiet = 20 };

static const char *dir;

static noreturn void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "klp_bench: %s: ", opt.tag);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static void report(const char *key, double value)
{
	printf("%s %s %.6f\n", opt.tag, key, value);
	fflush(stdout);
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static double ms(long long ns)
{
	return (double)ns / NSEC_PER_MSEC;
}

static void sleep_until(long long when)
{
	struct timespec ts = { when / NSEC_PER_SEC, when % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void sleep_for(long long ns)
{
	sleep_until(now() + ns);
}

/* Files. */

/* The text of a small file, or NULL when it is not there (any more). */
static char *file_read(const char *path)
{
	static char text[4096];
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return NULL;
	text[len] = 0;

	return text;
}

static long long file_number(const char *path)
{
	char *text = file_read(path);

	if (!text)
		die("%s: %s", path, strerror(errno));
	return strtoll(text, NULL, 10);
}

static void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static bool file_reads_zero_or_is_gone(const char *path)
{
	char *text = file_read(path);

	return !text || text[0] == '0';
}

static long file_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	long lines = 0;
	int c;

	if (!file)
		return 0;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);

	return lines;
}

/* Modules. */

static void module_insert(const char *name, const char *params)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, params, 0))
		die("insert %s %s: %s", name, params, strerror(errno));
	close(fd);
}

static void module_remove(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		die("remove %s: %s", name, strerror(errno));
}

static bool module_is_loaded(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MODULES "%s/refcnt", name);
	return !access(path, F_OK);
}

/* Waiting. */

static void wait_zero(const char *path)
{
	long long end = now() + GIVE_UP_NS;

	while (!file_reads_zero_or_is_gone(path)) {
		if (now() > end)
			die("%s did not become 0", path);
		sleep_for(POLL_NS);
	}
}

/* What the last patch left behind goes later; it must not make the next one cheaper or dearer. */
static void wait_quiet(void)
{
	long long end = now() + opt.quiet * NSEC_PER_SEC;

	while (file_lines("/sys/kernel/tracing/enabled_functions") && now() < end)
		sleep_for(20 * NSEC_PER_MSEC);
	report("left_behind", file_lines("/sys/kernel/tracing/enabled_functions"));
	sleep_for(200 * NSEC_PER_MSEC);
}

/* Sleeping 0.2 ms takes as long only after the kernel found its clock good enough. */
static void wait_fine_timers(void)
{
	long long end = now() + 5 * NSEC_PER_SEC;
	struct timespec res;

	do {
		clock_getres(CLOCK_MONOTONIC, &res);
		if (!res.tv_sec && res.tv_nsec == 1)
			return;
		sleep_for(10 * NSEC_PER_MSEC);
	} while (now() < end);
	die("no high resolution timers: %ld ns", res.tv_nsec);
}

static void expect_patched(long expected)
{
	long long patched = file_number(MODULES "klp_bench_target/parameters/patched");

	if (patched != expected)
		die("%lld functions are patched, not %ld", patched, expected);
}

/* Sleeping threads of this program. */

static void *user_sleep(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void users_start(long users)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
	while (users--) {
		err = pthread_create(&thread, &attr, user_sleep, NULL);
		if (err)
			die("thread: %s", strerror(err));
	}
}

/* Wake-up delays: on every CPU a SCHED_FIFO thread that sleeps a millisecond, again and again. */

enum phase { OFF, ENABLE, DISABLE, NOISE, PHASES };

static enum phase phase_now;

static struct watcher {
	pthread_t thread;
	int cpu;
	long rounds;
	long long worst[PHASES];
} watchers[CPUS_MAX];

static long watchers_nr;

static void *watcher_main(void *arg)
{
	struct watcher *watcher = arg;
	struct sched_param param = { .sched_priority = 80 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(watcher->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, SCHED_FIFO, &param))
		die("SCHED_FIFO on CPU %d: %s", watcher->cpu, strerror(errno));

	for (;;) {
		enum phase phase = __atomic_load_n(&phase_now, __ATOMIC_ACQUIRE);
		long long due = now() + NSEC_PER_MSEC, late;

		sleep_until(due);
		late = now() - due;
		if (late > watcher->worst[phase])
			watcher->worst[phase] = late;
		__atomic_add_fetch(&watcher->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Returns when every watcher has seen the new phase and written down the old one. */
static void phase_set(enum phase phase)
{
	long i, seen;

	__atomic_store_n(&phase_now, phase, __ATOMIC_RELEASE);
	for (i = 0; i < watchers_nr; i++) {
		seen = __atomic_load_n(&watchers[i].rounds, __ATOMIC_ACQUIRE);
		while (__atomic_load_n(&watchers[i].rounds, __ATOMIC_ACQUIRE) < seen + 2)
			sleep_for(NSEC_PER_MSEC);
	}
}

static void watchers_start(void)
{
	long i, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (i = 0; i < cpus && i < CPUS_MAX; i++) {
		watchers[i].cpu = i;
		if (pthread_create(&watchers[i].thread, NULL, watcher_main, &watchers[i]))
			die("cannot start the watcher of CPU %ld", i);
	}
	watchers_nr = i;
	phase_set(OFF);
}

static long long worst_take(enum phase phase)
{
	long long worst = 0;
	long i;

	for (i = 0; i < watchers_nr; i++) {
		if (watchers[i].worst[phase] > worst)
			worst = watchers[i].worst[phase];
		watchers[i].worst[phase] = 0;
	}

	return worst;
}

static void watch_report(long long patched_ns)
{
	long long noise_ns = opt.noise * NSEC_PER_SEC;

	if (noise_ns > patched_ns)
		noise_ns = patched_ns;
	phase_set(NOISE);
	sleep_for(noise_ns);
	phase_set(OFF);

	report("wake_enable", ms(worst_take(ENABLE)));
	report("wake_disable", ms(worst_take(DISABLE)));
	report("wake_noise", ms(worst_take(NOISE)));
	report("wake_seconds", ms(patched_ns) / 1000);
	report("noise_seconds", ms(noise_ns) / 1000);
}

/* Memory: pages of slabs, of vmalloc (trampolines are there, too) and per-CPU, in bytes. */

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
		die("/proc/meminfo: %s", strerror(errno));
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		at = strstr(text, fields[i]);
		if (!at)
			die("no %s in /proc/meminfo", fields[i] + 1);
		used += strtoll(at + strlen(fields[i]), NULL, 10) * 1024;
	}

	return used;
}

/* One patch coming and going. */

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

static long long patch_enable(void)
{
	long long inserting, called, returned, done;
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld", opt.n);
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

	return done - inserting;
}

static long long patch_disable(void)
{
	long long start, written, settled, done;

	start = now();
	file_write(PATCH "enabled", "0");
	written = now();
	wait_zero(PATCH "transition");
	settled = now();
	wait_zero(MODULES "klp_bench_patch/refcnt");
	done = now();
	module_remove("klp_bench_patch");

	report("disable", ms(done - start));
	report("disable_call", ms(written - start));
	report("disable_transition", ms(settled - start));
	report("rmmod", ms(now() - done));

	return done - start;
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

	phase_set(ENABLE);
	watched = patch_enable();
	phase_set(OFF);
	if (opt.memory)
		report("memory", (double)(memory_used() - used - dry) / opt.n);
	expect_patched(opt.n);
	if (!opt.stay) {
		phase_set(DISABLE);
		watched += patch_disable();
		phase_set(OFF);
		expect_patched(0);
	}
	if (opt.watch)
		watch_report(watched);
}

static void cycle(void)
{
	char params[64];
	long rep;

	if (opt.kthreads) {
		snprintf(params, sizeof(params), "threads=%ld", opt.kthreads);
		module_insert("klp_bench_threads", params);
	}
	users_start(opt.users);
	if (opt.watch)
		watchers_start();
	for (rep = 0; rep < opt.reps; rep++)
		cycle_once(rep);
	if (opt.kthreads && !opt.stay)
		module_remove("klp_bench_threads");
}

/* What a call costs: only exact where one nanosecond is one instruction. */

static double calls_cost(const char *who)
{
	char path[PATH_MAX], *text;
	unsigned long cycles;
	long calls;

	snprintf(path, sizeof(path), MODULES "klp_bench_target/parameters/calls_%s", who);
	text = file_read(path);
	if (!text || sscanf(text, "%lu %ld", &cycles, &calls) != 2 || !cycles)
		die("%s: no count", path);

	return (double)cycles / calls;
}

static void side_expect(const char *comm, int side)
{
	struct dirent *entry;
	char path[PATH_MAX], *text;
	DIR *proc = opendir("/proc");

	if (!proc)
		die("/proc: %s", strerror(errno));
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

static void calls_settled(long others, const char *key)
{
	char params[64];

	snprintf(params, sizeof(params), "nfuncs=%ld hot=1", others);
	module_insert("klp_bench_patch", params);
	wait_zero(PATCH "transition");
	sleep_for(3 * NSEC_PER_SEC);	/* what is done after the end, is done */
	report(key, calls_cost("reader"));
	file_write(PATCH "enabled", "0");
	wait_zero(MODULES "klp_bench_patch/refcnt");
	module_remove("klp_bench_patch");
	wait_quiet();
}

static void calls_in_transition(void)
{
	module_insert("klp_bench_patch", "nfuncs=0 hot=1 stay=1");
	sleep_for(5 * NSEC_PER_SEC);
	if (file_reads_zero_or_is_gone(PATCH "transition"))
		die("the transition ended, though a kthread is in a patched function");
	side_expect("klp_bench", 1);
	side_expect("klp_bench_stay", 0);
	report("new_side", calls_cost("reader"));
	report("old_side", calls_cost("sleeper"));
	file_write(PATCH "enabled", "0");
	wait_zero(MODULES "klp_bench_patch/refcnt");
	module_remove("klp_bench_patch");
	wait_quiet();
}

static void calls(void)
{
	long rep;

	for (rep = 0; rep < opt.reps; rep++) {
		report("unpatched", calls_cost("reader"));
		calls_settled(0, "settled");
		calls_in_transition();
		calls_settled(opt.n, "settled_many");
		report("unpatched", calls_cost("sleeper"));
	}
}

static void option_set(const char *arg)
{
	static const struct {
		const char *name;
		long *value;
	} options[] = {
		{ "n", &opt.n }, { "reps", &opt.reps }, { "kthreads", &opt.kthreads },
		{ "users", &opt.users }, { "watch", &opt.watch }, { "noise", &opt.noise },
		{ "stay", &opt.stay }, { "memory", &opt.memory }, { "phase", &opt.phase },
		{ "quiet", &opt.quiet },
	};
	const char *value = strchr(arg, '=');
	unsigned int i;

	if (!value++)
		die("%s: not name=value", arg);
	if (!strncmp(arg, "tag=", 4)) {
		opt.tag = value;
		return;
	}
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (strncmp(arg, options[i].name, value - 1 - arg) ||
		    options[i].name[value - 1 - arg])
			continue;
		*options[i].value = strtol(value, NULL, 10);
		return;
	}
	die("%s: no such option", arg);
}

int main(int argc, char *argv[])
{
	static char path[PATH_MAX];
	char *slash;
	int i;

	if (argc < 2 || (strcmp(argv[1], "cycle") && strcmp(argv[1], "calls")))
		die("usage: klp_bench cycle|calls [name=value]...");
	for (i = 2; i < argc; i++)
		option_set(argv[i]);

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		die("/proc/self/exe: %s", strerror(errno));
	slash = strrchr(path, '/');
	*slash = 0;
	dir = path;

	wait_fine_timers();
	if (!module_is_loaded("klp_bench_target"))
		module_insert("klp_bench_target", "");

	if (!strcmp(argv[1], "cycle"))
		cycle();
	else
		calls();
	return 0;
}
