// SPDX-License-Identifier: GPL-2.0
/*
 * klp-failnth - do one thing while an allocation fails, and tell how the machine is
 *
 *	klp-failnth load N FILE [PARAMETERS]	load a module
 *	klp-failnth unload N NAME		unload it
 *	klp-failnth write N FILE TEXT		write to a file, at once
 *	klp-failnth read N FILE			read a file, at once
 *
 * The N-th allocation that the kernel makes for that fails; with 0, none.  Prints
 * the name of the error, or "ok", and whether it came to the N-th: "failed" or
 * "untouched".
 *
 *	klp-failnth state	everything that livepatching could leave behind
 *	klp-failnth lost [CALLER]...
 *				memory that was not given back, see "what is lost"
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIVEPATCH	"/sys/kernel/livepatch"
#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/klp_failnth"

/* ---- what is done ---- */

static int target;		/* the file that is opened before */
static const char *name, *text;

static long do_load(void)
{
	return syscall(SYS_finit_module, target, text, 0);
}

static long do_unload(void)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

static long do_write(void)
{
	return write(target, text, strlen(text));
}

static long do_read(void)
{
	static char page[1 << 16];

	return read(target, page, sizeof(page));
}

static const struct {
	const char *name;
	int flags;		/* for open(), or -1 */
	long (*run)(void);
} actions[] = {
	{ "load", O_RDONLY, do_load },
	{ "unload", -1, do_unload },
	{ "write", O_WRONLY, do_write },
	{ "read", O_RDONLY, do_read },
};

/* ---- with a failure in it ---- */

static void fail_nth_write(int fd, const char *n)
{
	if (pwrite(fd, n, strlen(n), 0) < 0)
		err(1, "fail-nth");
}

/* How many allocations are left until the one that fails */
static int fail_nth_read(int fd)
{
	char left[16] = "";

	if (pread(fd, left, sizeof(left) - 1, 0) < 0)
		err(1, "fail-nth");
	return atoi(left);
}

/* For show_lost(), while there is tracing */
static void mark(const char *mark)
{
	int fd = open(INSTANCE "/trace_marker", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, mark, strlen(mark)) < 0 && errno != EBADF)
		err(1, "trace_marker");
	close(fd);
}

static int act(long (*run)(void), const char *n)
{
	int fd = open("/proc/self/fail-nth", O_RDWR), error = 0, left = 1;

	if (fd < 0)
		err(1, "fail-nth");
	mark("acts");
	if (atoi(n))
		fail_nth_write(fd, n);
	if (run() < 0)
		error = errno;
	if (atoi(n)) {
		left = fail_nth_read(fd);
		fail_nth_write(fd, "0");
	}
	mark("acted");
	printf("%s %s\n", error ? strerrorname_np(error) : "ok",
	       left ? "untouched" : "failed");
	return 0;
}

/* ---- how the machine is ---- */

static FILE *must_open(const char *file)
{
	FILE *f = fopen(file, "r");

	if (!f)
		err(1, "%s", file);
	return f;
}

/* Names, references and users */
static void show_modules(void)
{
	FILE *f = must_open("/proc/modules");
	char line[512], module[64], users[256];
	int refs;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %*s %d %255s", module, &refs, users) == 3)
			printf("module %s %d %s\n", module, refs, users);
	fclose(f);
}

/* Which functions are traced, and how; but not whether their sites have settled */
static void show_functions(void)
{
	FILE *f = must_open(TRACING "/enabled_functions");
	char line[1024], *flags, *end;

	while (fgets(line, sizeof(line), f)) {
		if (isspace(*line))
			continue;
		flags = strstr(line, " (");
		end = flags ? strpbrk(flags, "\tJ\n") : NULL;
		if (!end)
			continue;
		*end = '\0';
		end = strchr(flags, 'M');	/* for ever */
		if (end)
			*end = '\0';
		while (end = flags + strlen(flags), end[-1] == ' ')
			end[-1] = '\0';
		printf("function %s\n", line);
	}
	fclose(f);
}

static int shown(const char *file)
{
	static const char * const files[] = {
		"enabled", "transition", "replace", "stack_order", "patched",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(file, files[i]))
			return 1;
	return 0;
}

static void show_file(const char *path)
{
	char value[64] = "";
	FILE *f = fopen(path, "r");

	if (f && fgets(value, sizeof(value), f))
		value[strcspn(value, "\n")] = '\0';
	if (f)
		fclose(f);
	printf("%s = %s\n", path, value);
}

static void show_tree(const char *dir)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, nr;

	nr = scandir(dir, &entries, NULL, alphasort);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (*entries[i]->d_name != '.' && entries[i]->d_type == DT_DIR) {
			printf("%s/\n", path);
			show_tree(path);
		} else if (shown(entries[i]->d_name)) {
			show_file(path);
		}
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

static void show_names(const char *dir)
{
	struct dirent **entries;
	int i, nr = scandir(dir, &entries, NULL, alphasort);

	for (i = 0; i < nr; i++) {
		printf("%s/%s\n", dir, entries[i]->d_name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

/* Tasks that have a side: any or none, as kthreads come and go */
static void show_sides(void)
{
	DIR *proc = opendir("/proc");
	char path[PATH_MAX];
	struct dirent *task;
	int side, nr = 0;
	FILE *f;

	while (proc && (task = readdir(proc))) {
		if (!isdigit(*task->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/patch_state", task->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%d", &side) == 1 && side != -1)
			nr++;
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	printf("tasks with a side: %s\n", nr ? "some" : "none");
}

/* Memory of modules, trampolines and large tables */
static void show_areas(void)
{
	FILE *f = must_open("/proc/vmallocinfo");
	int klp = 0, exec = 0;
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		klp += !!strstr(line, " klp_");
		exec += !!strstr(line, "execmem");
	}
	fclose(f);
	printf("areas: %d of livepatch, %d for code\n", klp, exec);
}

static int show_state(void)
{
	show_modules();
	show_functions();
	show_tree(LIVEPATCH);
	show_names("/sys/module");
	show_sides();
	show_areas();
	return 0;
}

/* ---- what is lost ----
 *
 * What kmalloc() gives and kfree() takes back is traced from the mark "begin" on:
 * between "acts" and "acted", what the task gets that acts; until "end", what
 * functions of livepatching get in any task.  All of it must be given back, soon, but
 * for what each CALLER gets.
 */
#define LOST_TRIES	2000	/* of 10 ms each: there are grace periods to wait for */

struct object {
	unsigned long address;
	char caller[128];
};

static struct object objects[1 << 14];
static int nr_objects, followed, actor;
static char **keepers;		/* the CALLERs */
static enum { BEFORE, FROM_BEGIN, FROM_END } when;

static void follow_mark(const char *mark, int pid)
{
	if (!strcmp(mark, "begin")) {
		when = FROM_BEGIN;
		nr_objects = 0;
		followed = 0;
		actor = 0;
	} else if (!strcmp(mark, "end")) {
		when = FROM_END;
	} else if (!strcmp(mark, "acts")) {
		actor = pid;
	} else {
		actor = 0;
	}
}

static int keeps(const char *caller)
{
	for (char **keeper = keepers; *keeper; keeper++)
		if (!strncmp(caller, *keeper, strlen(*keeper)))
			return 1;
	return 0;
}

static unsigned long address_in(const char *text)
{
	const char *address = strstr(text, " ptr=");

	return address ? strtoul(address + 5, NULL, 16) : 0;
}

static struct object *object_at(unsigned long address)
{
	for (int i = nr_objects - 1; i >= 0; i--)
		if (objects[i].address == address)
			return &objects[i];
	return NULL;
}

/* Of what is too large for a slab kmalloc() tells twice */
static void follow_alloc(const char *text, int pid)
{
	const char *caller = text + strlen("call_site=");
	unsigned long address = address_in(text);

	if (pid != actor && (when != FROM_BEGIN || strncmp(caller, "klp_", 4)))
		return;
	if (keeps(caller))
		return;
	/* Without an address it is the one that failed */
	if (!address || object_at(address))
		return;
	objects[nr_objects].address = address;
	snprintf(objects[nr_objects].caller, sizeof(objects->caller), "%.*s",
		 (int)strcspn(caller, " "), caller);
	followed++;
	if (++nr_objects == sizeof(objects) / sizeof(*objects))
		errx(1, "too many allocations");
}

static void follow_free(const char *text)
{
	struct object *object = object_at(address_in(text));

	if (object)
		*object = objects[--nr_objects];
}

/* "COMMAND-PID [CPU] FLAGS TIME: EVENT: TEXT" */
static void follow(char *line)
{
	char *cpu = strstr(line, " ["), *event, *text;
	int pid;

	if (when != BEFORE && strstr(line, "[LOST "))
		errx(1, "%s", line);
	event = cpu ? strstr(cpu, ": ") : NULL;
	text = event ? strstr(event + 2, ": ") : NULL;
	if (!text)
		return;
	event += 2;
	*text = '\0';
	text += 2;
	while (cpu > line && cpu[-1] != '-')
		cpu--;
	pid = atoi(cpu);

	if (!strcmp(event, "tracing_mark_write"))
		follow_mark(text, pid);
	else if (!strcmp(event, "kmalloc"))
		follow_alloc(text, pid);
	else if (!strcmp(event, "kfree"))
		follow_free(text);
}

/* All that there is by now */
static void follow_trace(int pipe)
{
	static char buffer[1 << 16];
	static size_t len;
	char *line, *end;
	ssize_t more;

	while ((more = read(pipe, buffer + len, sizeof(buffer) - 1 - len)) > 0) {
		len += more;
		buffer[len] = '\0';
		for (line = buffer; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			follow(line);
		}
		len -= line - buffer;
		memmove(buffer, line, len);
	}
	if (more < 0 && errno != EAGAIN)
		err(1, "trace_pipe");
}

/* Prints how many allocations were followed, and the callers of those that are lost. */
static int show_lost(char **callers)
{
	int pipe = open(INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK);

	if (pipe < 0)
		err(1, "trace_pipe");
	keepers = callers;
	follow_trace(pipe);
	for (int i = 0; i < LOST_TRIES && nr_objects; i++) {
		usleep(10000);
		follow_trace(pipe);
	}
	if (when == BEFORE)
		errx(1, "nothing was traced");
	printf("%d", followed);
	for (int i = 0; i < nr_objects; i++)
		printf(" %s", objects[i].caller);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "state"))
		return show_state();
	if (argc >= 2 && !strcmp(argv[1], "lost"))
		return show_lost(argv + 2);
	if (argc < 4)
		errx(2, "usage: see the source");

	name = argv[3];
	text = argc > 4 ? argv[4] : "";
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(argv[1], actions[i].name))
			continue;
		if (actions[i].flags >= 0) {
			target = open(name, actions[i].flags);
			if (target < 0)
				err(1, "%s", name);
		}
		return act(actions[i].run, argv[2]);
	}
	errx(2, "%s: no such action", argv[1]);
}
