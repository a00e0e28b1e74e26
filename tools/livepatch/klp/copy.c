// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of whole source trees, and lists of what is in them.
 *
 * file_copy() waits for the disk after each file.  A scratch tree has tens of thousands of
 * them and is made anew when a machine went down meanwhile, so these copies do not wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static const char *stamp_of(const struct stat *st)
{
	return mem_printf("%lld.%09ld %lld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			  (long long)st->st_size);
}

static void walk_entry(struct tree_list *list, FTS *fts, FTSENT *entry, const char *root,
		       bool (*skip)(const char *root, const char *path, bool is_dir))
{
	const char *path = entry->fts_path + strlen(root);
	struct entry *file;

	path += *path == '/';
	switch (entry->fts_info) {
	case FTS_D:
		if (*path && skip(root, path, true))
			fts_set(fts, entry, FTS_SKIP);
		break;
	case FTS_F:
	case FTS_SL:
	case FTS_SLNONE:
		if (skip(root, path, false) || strpbrk(path, "\n\t"))
			break;
		file = list_add(&list->files);
		file->path = mem_strdup(path);
		file->stamp = stamp_of(entry->fts_statp);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		die_errno("%s: cannot be read", entry->fts_path);
	default:
		break;
	}
}

void tree_walk(struct tree_list *list, const char *root,
	       bool (*skip)(const char *root, const char *path, bool is_dir))
{
	char *const roots[] = { mem_strdup(root), NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;

	if (!fts)
		die_errno("%s", root);
	while ((entry = fts_read(fts)))
		walk_entry(list, fts, entry, root, skip);
	fts_close(fts);
}

/* ---- Lists in files: a line is a stamp, a tab and a path ------------------------------ */

void tree_write(const struct tree_list *list, const char *path)
{
	struct text text = { 0 };
	const struct entry *file;

	list_for_each(file, &list->files) {
		text_add_bytes(&text, file->stamp, strlen(file->stamp));
		text_add_bytes(&text, "\t", 1);
		text_add_bytes(&text, file->path, strlen(file->path));
		text_add_bytes(&text, "\n", 1);
	}
	file_write(path, text.at ?: "", text.size);
}

bool tree_read(struct tree_list *list, const char *path)
{
	char *line, *tab, *end;
	struct bytes bytes;
	struct entry *file;

	if (!file_try_read(path, &bytes))
		return false;
	for (line = (char *)bytes.at; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		tab = strchr(line, '\t');
		if (!tab)
			return false;
		*tab = '\0';
		file = list_add(&list->files);
		*file = (struct entry){ .stamp = line, .path = tab + 1 };
	}
	return true;
}

/* ---- Copies --------------------------------------------------------------------------- */

static void copy_link(const char *from, const char *to)
{
	char target[4096];
	ssize_t length = readlink(from, target, sizeof(target) - 1);

	if (length < 0)
		die_errno("%s", from);
	target[length] = '\0';
	if (symlink(target, to))
		die_errno("%s", to);
}

static void copy_bytes(int in, int out, const char *to)
{
	char part[65536];
	ssize_t got;

	while (copy_file_range(in, NULL, out, NULL, 1 << 30, 0) > 0)
		;
	/* Where the system cannot do it, the rest, or an empty rest */
	while ((got = read(in, part, sizeof(part))) > 0) {
		errno = ENOSPC;		/* if it is less than all, and no error */
		if (write(out, part, (size_t)got) != got)
			die_errno("%s: cannot be written", to);
	}
	if (got < 0)
		die_errno("%s: its origin cannot be read", to);
}

static void copy_file(const char *from, const char *to, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int in = open(from, O_RDONLY | O_CLOEXEC), out;

	if (in < 0)
		die_errno("%s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		die_errno("%s: cannot be written", to);
	copy_bytes(in, out, to);
	if (fchmod(out, (st->st_mode & 0111) ? 0755 : 0644) || futimens(out, times) || close(out))
		die_errno("%s: cannot be written", to);
	close(in);
}

void tree_copy(const char *from, const char *to, const char *path)
{
	size_t mark = mem_mark();
	const char *origin = mem_printf("%s/%s", from, path);
	const char *copy = mem_printf("%s/%s", to, path);
	struct stat st;

	dir_make(path_dir(copy));
	if (unlink(copy) && errno != ENOENT)
		die_errno("%s", copy);
	if (lstat(origin, &st))
		die_errno("%s", origin);
	if (S_ISLNK(st.st_mode))
		copy_link(origin, copy);
	else
		copy_file(origin, copy, &st);
	mem_release(mark);
}

void tree_link(const char *from, const char *to, const char *path)
{
	size_t mark = mem_mark();
	const char *origin = mem_printf("%s/%s", from, path);
	const char *copy = mem_printf("%s/%s", to, path);

	dir_make(path_dir(copy));
	if (unlink(copy) && errno != ENOENT)
		die_errno("%s", copy);
	if (linkat(AT_FDCWD, origin, AT_FDCWD, copy, 0))
		die_errno("%s", copy);
	mem_release(mark);
}
