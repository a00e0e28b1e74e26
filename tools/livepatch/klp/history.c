// SPDX-License-Identifier: GPL-2.0
/*
 * What was done on this machine: /var/lib/livepatch/history, a line of JSON each.
 *
 * Nothing fails because it cannot be written: then it is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "manage.h"

#define SIZE_MOST	1048576	/* then the file is called history.1, and a new one begun */

static const char *history_path(void)
{
	return sys_path(STORE_DIR "/history");
}

static const char *history_old(void)
{
	return sys_path(STORE_DIR "/history.1");
}

const char *time_text(void)
{
	char text[32];
	struct tm tm;
	time_t now = time(NULL);

	if (!gmtime_r(&now, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "";
	return mem_strdup(text);
}

/* ---- Writing ------------------------------------------------------------------- */

static struct json_object *entry_of(const struct job *job)
{
	struct json_object *entry = json_object_new_object();

	json_add_text(entry, "time", time_text());
	json_add_text(entry, "verb", job->verb->name);
	json_add_text(entry, "patch", job->name);
	json_add_text(entry, "outcome", outcome_name(job->outcome));
	json_add_text(entry, "state", patch_state_name(job->state));
	json_add_number(entry, "ms", (long)job->ms);
	json_add_text(entry, "error", job->error);
	json_add_text(entry, "file", job->module ? job->module->path : NULL);
	json_add_text(entry, "sha256", job->module ? file_sum(job->module->path) : NULL);
	json_add_text(entry, "kernel", kernel_release());
	json_add_text(entry, "boot", boot_id());
	json_add_number(entry, "uid", (long)getuid());
	return entry;
}

/* Unless somebody else did it while we waited for the lock */
static void rotate(int fd)
{
	struct stat st, now;

	if (fstat(fd, &st) || st.st_size < SIZE_MOST || stat(history_path(), &now) ||
	    st.st_ino != now.st_ino)
		return;
	if (rename(history_path(), history_old()))
		note("%s: %s", history_path(), strerror(errno));
}

static void make_dirs(void)
{
	char *path = sys_path(STORE_DIR), *slash = path;

	while (slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			note("%s: %s", path, strerror(errno));
		if (slash)
			*slash = '/';
	}
}

/* A line that was cut off by a crash must not take the next one with it. */
static bool is_cut_off(int fd, off_t size)
{
	char last;

	return size && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Whole, or not at all: a full disk leaves no part of it. */
static void append(int fd, const char *line)
{
	struct stat st;
	size_t size;

	if (flock(fd, LOCK_EX) || fstat(fd, &st)) {
		note("%s: %s", history_path(), strerror(errno));
		return;
	}
	line = mem_printf("%s%s\n", is_cut_off(fd, st.st_size) ? "\n" : "", line);
	size = strlen(line);
	if (write(fd, line, size) == (ssize_t)size && !fsync(fd))
		return;
	note("%s: it could not be written to", history_path());
	if (ftruncate(fd, st.st_size))
		note("%s: %s", history_path(), strerror(errno));
}

void history_add(const struct job *job)
{
	struct json_object *entry = entry_of(job);
	int fd;

	make_dirs();
	fd = open(history_path(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		note("%s: %s", history_path(), strerror(errno));
	} else {
		append(fd, json_string(entry));
		rotate(fd);
		close(fd);
	}
	json_object_put(entry);
}

/* ---- Reading ------------------------------------------------------------------- */

/* A line that was cut off by a crash is left out. */
static void take_lines(const char *path, const char *only, struct json_object *entries)
{
	char *text = sys_read(path), *line;
	struct json_object *entry;
	const char *patch;

	while (text && (line = strsep(&text, "\n"))) {
		entry = json_tokener_parse(line);
		patch = json_text(entry, "patch");
		if (patch && (!only || !strcmp(only, patch)))
			json_object_array_add(entries, entry);
		else
			json_object_put(entry);
	}
}

static struct json_object *history_read(const char *only)
{
	struct json_object *entries = json_object_new_array();

	take_lines(history_old(), only, entries);
	take_lines(history_path(), only, entries);
	return entries;
}

/* The file that the patch was loaded from the last time, if it is still the same one. */
const char *history_file_of(const char *name)
{
	struct json_object *entries = history_read(name), *entry;
	size_t i = json_object_array_length(entries);
	const char *file = NULL, *sum, *now;

	while (i-- && !file) {
		entry = json_object_array_get_idx(entries, i);
		file = json_text(entry, "file");
		sum = json_text(entry, "sha256");
		now = file ? file_sum(file) : NULL;
		if (!now || !sum || strcmp(now, sum))
			file = NULL;
	}
	json_object_put(entries);
	return file;
}

static void print_entry(struct json_object *entry)
{
	const char *error = json_text(entry, "error");

	printf("%s %-9s %-32s %s%s%s\n", json_text(entry, "time") ?: "-",
	       json_text(entry, "verb") ?: "-", json_text(entry, "patch"),
	       json_text(entry, "outcome") ?: "-", error ? ": " : "", error ?: "");
}

int cmd_history(int argc, char **argv)
{
	struct json_object *entries;
	struct options options;
	size_t i, nr, first;

	options_read(&options, manage_verb("history"), argc, argv, 0, 1);
	entries = history_read(options.nr ? patch_name(options.args[0]) : NULL);
	nr = json_object_array_length(entries);
	first = options.lines && options.lines < nr ? nr - options.lines : 0;
	if (options.json) {
		json_object_array_del_idx(entries, 0, first);
		json_print(entries);
		return KLP_EXIT_OK;
	}
	for (i = first; i < nr; i++)
		print_entry(json_object_array_get_idx(entries, i));
	json_object_put(entries);
	return KLP_EXIT_OK;
}
