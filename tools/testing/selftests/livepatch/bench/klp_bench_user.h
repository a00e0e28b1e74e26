/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the program klp_bench share. */
#ifndef KLP_BENCH_USER_H
#define KLP_BENCH_USER_H

#include <stdbool.h>
#include <stdnoreturn.h>

#define PATCH		"/sys/kernel/livepatch/klp_bench_patch/"
#define MODULES		"/sys/module/"
#define TRACING		"/sys/kernel/tracing/"

#define NSEC_PER_USEC	1000LL
#define NSEC_PER_MSEC	1000000LL
#define NSEC_PER_SEC	1000000000LL

/* Options: name=value on the command line. */
struct options {
	const char *tag;	/* first word of every line of output */
	const char *load;	/* what keeps the machine busy meanwhile: user, kernel or fork */
	const char *names;	/* a file with names of functions of the kernel */
	long n;			/* functions */
	long parts;		/* over how many modules they are spread; 0 for one with all */
	long reps;		/* how often */
	long kthreads;		/* sleeping kthreads beside */
	long users;		/* sleeping threads of this program beside */
	long watch;		/* measure wake-up delays meanwhile */
	long noise;		/* at most so many seconds of them without a patch */
	long stay;		/* leave the patch enabled: for rows that need no disabling */
	long memory;		/* measure what the patch allocates */
	long phase;		/* start at different times after a full second */
	long quiet;		/* seconds to wait at most for traces of the last patch to go */
	long settle;		/* the same for calls to become jumps; 0: this kernel has none */
};

extern struct options opt;

/* klp_bench_util.c: reports, time, files, modules. */

noreturn void die(const char *fmt, ...);
void report(const char *key, double value);

long long now(void);
double ms(long long ns);
void sleep_until(long long when);
void sleep_for(long long ns);
void wait_fine_timers(void);

char *file_read(const char *path);
long long file_number(const char *path);
void file_write(const char *path, const char *text);
bool file_reads_zero_or_is_gone(const char *path);
void wait_zero(const char *path);

void module_insert(const char *file, const char *params);
void module_remove(const char *name);
bool module_is_loaded(const char *name);

/* klp_bench_load.c: what goes on beside. */

void thread_start(void *(*func)(void *), void *arg);
void load_start(void);
void load_stop(void);

enum watch_phase { OFF, ENABLE, DISABLE, NOISE, PHASES };

void watchers_start(void);
void watch_phase(enum watch_phase phase);
void watch_report(long long patched_ns);

/* klp_bench_cycle.c: one patch, coming and going. */

void targets_load(void);
void wait_quiet(void);
long long patch_settle(long expected);
void report_hold(void);
void patch_remove(void);
void cycle(void);

/* klp_bench_counts.c: calls, memory, resolution, loading a module. */

void calls(void);
void resolve(void);
void loading(void);

#endif
