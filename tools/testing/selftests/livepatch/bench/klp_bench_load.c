// SPDX-License-Identifier: GPL-2.0
/* klp_bench: what goes on beside a patch: tasks that sleep, that run, that fork, and that watch. */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "klp_bench_user.h"

#define CPUS_MAX	64
#define FORKERS		200
#define FORK_NS		(NSEC_PER_SEC / 2)

void thread_start(void *(*func)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, sysconf(_SC_THREAD_STACK_MIN));
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, func, arg);
	if (err)
		die("thread: %s", strerror(err));
}

/* Sleeping. */

static void *sleep_main(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void sleepers_start(void)
{
	char params[64];
	long i;

	if (opt.kthreads) {
		snprintf(params, sizeof(params), "threads=%ld", opt.kthreads);
		module_insert("klp_bench_threads", params);
	}
	for (i = 0; i < opt.users; i++)
		thread_start(sleep_main, NULL);
}

/* Running. */

static void *spin_main(void *unused)
{
	for (;;)
		__asm__ volatile("pause");
	return unused;
}

static void spin_in_user_space(long cpus)
{
	while (cpus--)
		thread_start(spin_main, NULL);
}

static void spin_in_the_kernel(long cpus)
{
	char params[64];

	snprintf(params, sizeof(params), "threads=%ld busy=1", cpus);
	module_insert("klp_bench_threads", params);
}

/* Forking: each has a child that ends at once, twice a second.  Emulation can do no more. */

static void fork_main(void)
{
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		child = fork();
		if (child < 0)
			die("fork: %s", strerror(errno));
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
		sleep_for(FORK_NS);
	}
}

static pid_t forkers[FORKERS];

static void forkers_start(void)
{
	int i;

	for (i = 0; i < FORKERS; i++) {
		forkers[i] = fork();
		if (forkers[i] < 0)
			die("fork: %s", strerror(errno));
		if (!forkers[i])
			fork_main();
		sleep_for(FORK_NS / FORKERS);
	}
}

static void forkers_stop(void)
{
	int i;

	for (i = 0; i < FORKERS && forkers[i] > 0; i++) {
		kill(forkers[i], SIGKILL);
		waitpid(forkers[i], NULL, 0);
	}
}

/*
 * On a busy machine whoever looks at `transition` must not stand in line for a CPU: how long that
 * takes is not what is asked.
 */
static void step_in_front(void)
{
	struct sched_param param = { .sched_priority = 50 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("SCHED_FIFO: %s", strerror(errno));
}

void load_start(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	sleepers_start();
	if (!opt.load)
		return;
	if (!strcmp(opt.load, "user"))
		spin_in_user_space(cpus);
	else if (!strcmp(opt.load, "kernel"))
		spin_in_the_kernel(cpus);
	else if (!strcmp(opt.load, "fork"))
		forkers_start();
	else
		die("load=%s: user, kernel or fork", opt.load);
	step_in_front();
	sleep_for(NSEC_PER_SEC);
}

void load_stop(void)
{
	forkers_stop();
	if (module_is_loaded("klp_bench_threads"))
		module_remove("klp_bench_threads");
}

/* Watching: on every CPU a SCHED_FIFO thread that sleeps a millisecond, again and again. */

static enum watch_phase phase_now;

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
		enum watch_phase phase = __atomic_load_n(&phase_now, __ATOMIC_ACQUIRE);
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
void watch_phase(enum watch_phase phase)
{
	long i, seen;

	__atomic_store_n(&phase_now, phase, __ATOMIC_RELEASE);
	for (i = 0; i < watchers_nr; i++) {
		seen = __atomic_load_n(&watchers[i].rounds, __ATOMIC_ACQUIRE);
		while (__atomic_load_n(&watchers[i].rounds, __ATOMIC_ACQUIRE) < seen + 2)
			sleep_for(NSEC_PER_MSEC);
	}
}

void watchers_start(void)
{
	long i, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (i = 0; i < cpus && i < CPUS_MAX; i++) {
		watchers[i].cpu = i;
		if (pthread_create(&watchers[i].thread, NULL, watcher_main, &watchers[i]))
			die("cannot start the watcher of CPU %ld", i);
	}
	watchers_nr = i;
	watch_phase(OFF);
}

static long long worst_take(enum watch_phase phase)
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

void watch_report(long long patched_ns)
{
	long long noise_ns = opt.noise * NSEC_PER_SEC;

	if (noise_ns > patched_ns)
		noise_ns = patched_ns;
	watch_phase(NOISE);
	sleep_for(noise_ns);
	watch_phase(OFF);

	report("wake_enable", ms(worst_take(ENABLE)));
	report("wake_disable", ms(worst_take(DISABLE)));
	report("wake_noise", ms(worst_take(NOISE)));
	report("wake_seconds", ms(patched_ns) / 1000);
	report("noise_seconds", ms(noise_ns) / 1000);
}
