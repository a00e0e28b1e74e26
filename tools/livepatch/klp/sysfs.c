// SPDX-License-Identifier: GPL-2.0
/*
 * How patches stand, from /sys/kernel/livepatch.
 *
 * Patches come and go while it is read: what is not there any more is not an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "manage.h"

#define LIVEPATCH	"/sys/kernel/livepatch"
#define PARAMETERS	"/sys/module/livepatch/parameters"

/* ---- Files --------------------------------------------------------------------- */

char *sys_path(const char *fmt, ...)
{
	const char *root = getenv("KLP_ROOT");
	char *path = NULL, *kept;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vasprintf(&path, fmt, args);
	va_end(args);
	if (length < 0)
		die("out of memory");
	kept = mem_printf("%s%s", root ?: "", path);
	free(path);
	return kept;
}

/* The whole text, without the newline at its end. */
char *sys_read(const char *path)
{
	struct bytes bytes;

	if (!file_try_read(path, &bytes))
		return NULL;
	if (bytes.size && bytes.at[bytes.size - 1] == '\n')
		bytes.at[bytes.size - 1] = '\0';
	return (char *)bytes.at;
}

int sys_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = 0;
	size_t size = strlen(value);

	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, value, size) != (ssize_t)size)
		error = -(errno ?: EIO);
	close(fd);
	return error;
}

long sys_number(const char *path, long otherwise)
{
	char *text = sys_read(path), *end;
	long value;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	value = strtol(text, &end, 10);
	return errno || *end ? otherwise : value;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void texts_sort(struct text_list *texts)
{
	if (texts->list.nr)
		qsort(texts->list.at, texts->list.nr, sizeof(*texts->list.at), by_name);
}

void dir_list(const char *path, struct text_list *names)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			*list_add(&names->list) = mem_strdup(entry->d_name);
	}
	closedir(dir);
	texts_sort(names);
}

/* ---- The kernel ---------------------------------------------------------------- */

void need_livepatch(void)
{
	if (!dir_exists(sys_path(LIVEPATCH)))
		die("this kernel cannot be patched: it has no " LIVEPATCH " (CONFIG_LIVEPATCH)");
}

bool core_tells(void)
{
	return file_exists(sys_path(PARAMETERS "/preflight"));
}

/* /proc rather than uname(): so tests can say what runs. */
const char *kernel_release(void)
{
	const char *text = sys_read(sys_path("/proc/sys/kernel/osrelease"));
	struct utsname name;

	if (text && *text)
		return text;
	if (uname(&name))
		die_errno("uname");
	return mem_strdup(name.release);
}

const char *boot_id(void)
{
	return sys_read(sys_path("/proc/sys/kernel/random/boot_id")) ?: "unknown";
}

/* ---- Patches ------------------------------------------------------------------- */

const char *patch_name(const char *text)
{
	const char *base = path_base(text), *end = strstr(base, ".ko");
	char *name = mem_strndup(base, end ? (size_t)(end - base) : strlen(base)), *p;

	for (p = name; *p; p++) {
		if (*p == '-')
			*p = '_';
	}
	if (!*name || *name == '.')
		die_usage("%s: no name of a patch", text);
	return name;
}

const char *patch_state_name(enum patch_state state)
{
	static const char *const names[NR_PATCH_STATES] = {
		[PATCH_ABSENT] = "absent",
		[PATCH_DISABLED] = "disabled",
		[PATCH_ENABLING] = "enabling",
		[PATCH_ENABLED] = "enabled",
		[PATCH_DISABLING] = "disabling",
	};

	return names[state];
}

/* A module that is no livepatch is none of our business, whatever it is called. */
static enum patch_state module_state(const char *name)
{
	const char *taint = sys_read(sys_path("/sys/module/%s/taint", name));

	if (!taint || !strchr(taint, 'K'))
		return PATCH_ABSENT;
	return PATCH_DISABLED;
}

enum patch_state patch_state(const char *name)
{
	long enabled = sys_number(sys_path(LIVEPATCH "/%s/enabled", name), -1);
	long moving = sys_number(sys_path(LIVEPATCH "/%s/transition", name), -1);

	if (enabled < 0 || moving < 0)
		return module_state(name);
	if (!enabled)
		return PATCH_DISABLING;		/* also when it is all but gone */
	return moving ? PATCH_ENABLING : PATCH_ENABLED;
}

static void read_function(const char *entry, struct object *object)
{
	const char *comma = strrchr(entry, ',');
	struct func *func;

	if (!comma)
		return;
	func = list_add(&object->funcs);
	func->name = mem_strndup(entry, (size_t)(comma - entry));
	func->pos = strtoul(comma + 1, NULL, 10);
}

static void read_object(const char *patch, const char *entry, struct object *object)
{
	const char *dir = sys_path(LIVEPATCH "/%s/%s", patch, entry);
	struct text_list names = { 0 };
	const char **name;

	object->name = entry;
	object->patched = sys_number(mem_printf("%s/patched", dir), 0) == 1;
	dir_list(dir, &names);
	list_for_each(name, &names.list)
		read_function(*name, object);
}

static bool was_forced(const char *name)
{
	const char *forced = sys_read(sys_path(PARAMETERS "/forced"));
	const char *at = forced;
	size_t length = strlen(name);

	for (; at && *at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

void patch_read(const char *name, struct patch *patch)
{
	const char *dir = sys_path(LIVEPATCH "/%s", name);
	struct text_list entries = { 0 };
	const char **entry;

	*patch = (struct patch){ .name = name, .state = patch_state(name) };
	patch->replace = sys_number(mem_printf("%s/replace", dir), 0) == 1;
	patch->order = sys_number(mem_printf("%s/stack_order", dir), -1);
	patch->forced = was_forced(name);
	dir_list(dir, &entries);
	list_for_each(entry, &entries.list) {
		if (dir_exists(mem_printf("%s/%s", dir, *entry)))
			read_object(name, *entry, list_add(&patch->objects));
	}
}

static int by_order(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->name, y->name);
}

void patches_read(struct patches *patches)
{
	struct text_list names = { 0 };
	struct patch patch;
	const char **name;

	dir_list(sys_path(LIVEPATCH), &names);
	list_for_each(name, &names.list) {
		patch_read(*name, &patch);
		if (patch.state != PATCH_ABSENT && patch.state != PATCH_DISABLED)
			*list_add(&patches->list) = patch;
	}
	if (patches->list.nr)
		qsort(patches->list.at, patches->list.nr, sizeof(patch), by_order);
}

const char *patch_moving(void)
{
	struct text_list names = { 0 };
	const char **name;

	dir_list(sys_path(LIVEPATCH), &names);
	list_for_each(name, &names.list) {
		if (sys_number(sys_path(LIVEPATCH "/%s/transition", *name), 0) == 1)
			return *name;
	}
	return NULL;
}

bool patch_has(const struct patch *patch, const char *function)
{
	const struct object *object;
	const struct func *func;

	list_for_each(object, &patch->objects) {
		list_for_each(func, &object->funcs) {
			if (!strcmp(func->name, function))
				return true;
		}
	}
	return false;
}
