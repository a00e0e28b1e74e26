// SPDX-License-Identifier: GPL-2.0
/* klp_bench: reports, time, files, modules. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "klp_bench_user.h"

#define POLL_NS		(NSEC_PER_MSEC / 5)
#define GIVE_UP_NS	(900 * NSEC_PER_SEC)

noreturn void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "klp_bench: %s: ", opt.tag);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void report(const char *key, double value)
{
	printf("%s %s %.6f\n", opt.tag, key, value);
	fflush(stdout);
}

/* Time. */

long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

double ms(long long ns)
{
	return (double)ns / NSEC_PER_MSEC;
}

void sleep_until(long long when)
{
	struct timespec ts = { when / NSEC_PER_SEC, when % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

void sleep_for(long long ns)
{
	sleep_until(now() + ns);
}

/* Sleeping 0.2 ms takes as long only after the kernel found its clock good enough. */
void wait_fine_timers(void)
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

/* Files. */

/* The text of a small file, or NULL when it is not there (any more). */
char *file_read(const char *path)
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

long long file_number(const char *path)
{
	char *text = file_read(path);

	if (!text)
		die("%s: %s", path, strerror(errno));
	return strtoll(text, NULL, 10);
}

/* Truncating means something to tracefs, and nothing to the others. */
void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

bool file_reads_zero_or_is_gone(const char *path)
{
	char *text = file_read(path);

	return !text || text[0] == '0';
}

void wait_zero(const char *path)
{
	long long end = now() + GIVE_UP_NS;

	while (!file_reads_zero_or_is_gone(path)) {
		if (now() > end)
			die("%s did not become 0", path);
		sleep_for(POLL_NS);
	}
}

/* Modules. */

/* Finds the directory that this program and the modules are in. */
static const char *here(void)
{
	static char dir[PATH_MAX];

	if (!dir[0]) {
		if (readlink("/proc/self/exe", dir, sizeof(dir) - 1) < 0)
			die("/proc/self/exe: %s", strerror(errno));
		*strrchr(dir, '/') = 0;
	}

	return dir;
}

void module_insert(const char *file, const char *params)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%.32s.ko", here(), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, params, 0))
		die("insert %s %.80s: %s", file, params, strerror(errno));
	close(fd);
}

void module_remove(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		die("remove %s: %s", name, strerror(errno));
}

bool module_is_loaded(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MODULES "%s/refcnt", name);
	return !access(path, F_OK);
}
