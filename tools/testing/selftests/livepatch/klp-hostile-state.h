/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What klp-hostile looks at: the log, and whether the machine is as it was; and what
 * it has to tell.
 */
#ifndef KLP_HOSTILE_STATE_H
#define KLP_HOSTILE_STATE_H

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define PATCHES		"/sys/kernel/livepatch"
#define SECONDS		30	/* for every wait */
#define FAILURES_MAX	10
#define ERRNO_MAX	134

static int kmsg;
static unsigned int cases, failures, redrawn;

/* ---- figures ---- */

static struct tally {
	const char *kind;
	unsigned int cases, refused, late, loaded;
} tallies[32];

static unsigned int by_errno[ERRNO_MAX];

/* Who says why a module is refused; the first one of those that do. */
enum speaker { CORE, OF_MODULE, LOADER, NOBODY };

static unsigned int by_speaker[NOBODY + 1];

static struct tally *tally_of(const char *kind)
{
	struct tally *t = tallies;

	while (t->kind && strcmp(t->kind, kind))
		t++;
	t->kind = kind;
	return t;
}

static void print_figures(const char *what)
{
	struct tally all = { .kind = "all" }, *t;
	unsigned int i;

	for (t = tallies; t->kind; t++) {
		printf("# %-24s %5u cases %5u refused %5u refused with the target %5u loaded\n",
		       t->kind, t->cases, t->refused, t->late, t->loaded);
		all.cases += t->cases;
		all.refused += t->refused;
		all.late += t->late;
		all.loaded += t->loaded;
	}
	printf("# figures: %s: %u modules, %u failures: %u refused, %u with the target, %u loaded;",
	       what, all.cases, failures, all.refused, all.late, all.loaded);
	for (i = 0; i < ERRNO_MAX; i++)
		if (by_errno[i])
			printf(" %s %u", strerrorname_np(i) ?: "?", by_errno[i]);
	printf("\n# said by: the core %u, the loader with the module's name %u, without it %u\n",
	       by_speaker[CORE], by_speaker[OF_MODULE], by_speaker[LOADER]);
	if (redrawn)
		printf("# drawn again, for they were the good module: %u\n", redrawn);
}

static void fail(const char *kind, const char *format, ...)
{
	va_list args;

	printf("# FAIL: case %u, %s: ", cases, kind);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (++failures < FAILURES_MAX)
		return;
	print_figures("given up");
	exit(1);
}

/* ---- files ---- */

/* Returns the length, 0 when there is nothing to be read. */
static size_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t got;

	while (fd >= 0 && len < size - 1) {
		got = read(fd, buf + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return len;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

static bool wait_for(bool (*seen)(void *arg), void *arg)
{
	time_t end = time(NULL) + SECONDS;

	while (!seen(arg)) {
		if (time(NULL) > end)
			return false;
		nap();
	}
	return true;
}

/* ---- the log ---- */

static void log_mark(const char *kind)
{
	lseek(kmsg, 0, SEEK_END);
	dprintf(kmsg, "<7>klp-hostile: case %u, %s", cases, kind);
}

static bool is_complaint(const char *line)
{
	static const char *const bad[] = {
		"WARNING:", "BUG", "Oops", "general protection", "Call Trace:", "KASAN", "UBSAN",
		"circular locking", "suspicious RCU", "unable to handle", "sysfs: cannot create",
	};
	unsigned int i;

	for (i = 0; i < NR(bad); i++)
		if (strstr(line, bad[i]))
			return true;
	return false;
}

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Of the loader and where it gets memory, about a module whose name is not known yet. */
static bool is_of_loader(const char *line)
{
	static const char *const first[] = {
		"Invalid ELF ", "ELF Spec violation: ", "module: ", "execmem: ",
	};
	unsigned int i;

	for (i = 0; i < NR(first); i++)
		if (begins(line, first[i]))
			return true;
	return false;
}

static enum speaker speaker_of(const char *line, const char *module)
{
	size_t len = strlen(module);

	if (begins(line, "livepatch: "))
		return CORE;
	if (begins(line, module) && begins(line + len, ": "))
		return OF_MODULE;
	return is_of_loader(line) ? LOADER : NOBODY;
}

/*
 * Reads what the kernel said since the last call or mark, and returns who complained;
 * what is only news of a patch is no complaint.
 */
static enum speaker log_read(const char *kind, const char *module)
{
	enum speaker said, first = NOBODY;
	char record[8192], *text;
	unsigned int prio;
	ssize_t len;

	for (;;) {
		len = read(kmsg, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return first;
		record[len] = '\0';
		prio = atoi(record);
		text = strchr(record, ';');
		if (prio >= 7 || !text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (is_complaint(text))
			fail(kind, "the kernel said: %s", text + 1);
		said = speaker_of(text + 1, module);
		if (prio <= LOG_WARNING && said < first)
			first = said;
	}
}

/* ---- as it was ---- */

#define STATE_MAX	65536

static char before[STATE_MAX], after[STATE_MAX];

static size_t add_names(const char *dir, char *buf, size_t size)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	size_t len = 0;

	while (d && (entry = readdir(d)))
		if (*entry->d_name != '.')
			len += snprintf(buf + len, size - len, "%s\n", entry->d_name);
	if (d)
		closedir(d);
	return len;
}

/* Name, references and state of each, not where it is. */
static size_t add_modules(char *buf, size_t size)
{
	char text[16384], name[64], state[16], *line = text;
	size_t len = 0;
	int refs;

	read_file("/proc/modules", text, sizeof(text));
	for (; *line; line += strcspn(line, "\n") + 1)
		if (sscanf(line, "%63s %*u %d %*s %15s", name, &refs, state) == 3)
			len += snprintf(buf + len, size - len, "%s %d %s\n", name, refs, state);
	return len;
}

static unsigned int tasks_in_transition(void)
{
	char path[300], side[16];
	unsigned int nr = 0;
	struct dirent *entry;
	DIR *d = opendir("/proc");

	while (d && (entry = readdir(d))) {
		if (!isdigit(*entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/patch_state", entry->d_name);
		if (read_file(path, side, sizeof(side)) && strcmp(side, "-1\n"))
			nr++;
	}
	if (d)
		closedir(d);
	return nr;
}

static void take_state(char *buf)
{
	size_t len = read_file("/proc/sys/kernel/tainted", buf, STATE_MAX);

	len += snprintf(buf + len, STATE_MAX - len, "patches:\n");
	len += add_names(PATCHES, buf + len, STATE_MAX - len);
	len += snprintf(buf + len, STATE_MAX - len, "modules:\n");
	len += add_modules(buf + len, STATE_MAX - len);
	len += snprintf(buf + len, STATE_MAX - len, "tasks in transition: %u\nftrace:\n",
			tasks_in_transition());
	read_file("/sys/kernel/tracing/enabled_functions", buf + len, STATE_MAX - len);
}

/* What a patch leaves is dropped by a worker. */
static bool as_before(void *arg)
{
	take_state(after);
	return !strcmp(before, after);
}

static void expect_as_before(const char *kind)
{
	if (!wait_for(as_before, NULL))
		fail(kind, "not as before; before:\n%s\nafter:\n%s", before, after);
}

#endif
