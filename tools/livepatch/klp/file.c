// SPDX-License-Identifier: GPL-2.0
/* Files, directories and paths. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

bool file_try_read(const char *path, struct bytes *bytes)
{
	struct text text = { 0 };
	char part[65536];
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((got = read(fd, part, sizeof(part))) > 0)
		text_add_bytes(&text, part, (size_t)got);
	close(fd);		/* keeps errno unless it fails, and it does not for reading */
	if (got < 0)
		return false;
	text_add_bytes(&text, "", 0);
	*bytes = (struct bytes){ (unsigned char *)text.at, text.size };
	return true;
}

struct bytes file_read(const char *path)
{
	struct bytes bytes;

	if (!file_try_read(path, &bytes))
		die_errno("%s: cannot be read", path);
	return bytes;
}

static bool write_all(int fd, const char *from, size_t size)
{
	ssize_t done;

	while (size) {
		done = write(fd, from, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		from += done;
		size -= (size_t)done;
	}
	return true;
}

/* Onto the disk before it gets its name: a crash leaves the old file or the new one. */
static bool write_new(const char *path, const void *from, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	bool ok;

	if (fd < 0)
		return false;
	ok = write_all(fd, from, size) && !fsync(fd);
	return !close(fd) && ok;
}

static void sync_dir(const char *path)
{
	int fd = open(path_dir(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

void file_write(const char *path, const void *from, size_t size)
{
	const char *new = mem_printf("%s.%d.new", path, getpid());
	int why;

	if (write_new(new, from, size, 0644) && !rename(new, path)) {
		sync_dir(path);
		return;
	}
	why = errno;
	unlink(new);
	errno = why;
	die_errno("%s: cannot be written", path);
}

void file_copy(const char *from, const char *to)
{
	struct bytes bytes = file_read(from);
	struct timespec times[2];
	struct stat st;

	if (stat(from, &st))
		die_errno("%s", from);
	file_write(to, bytes.at, bytes.size);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (chmod(to, st.st_mode & 07777) || utimensat(AT_FDCWD, to, times, 0))
		die_errno("%s", to);
}

bool file_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

bool dir_exists(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void dir_make(const char *path)
{
	if (dir_exists(path))
		return;
	if (strcmp(path_dir(path), path))
		dir_make(path_dir(path));
	if (mkdir(path, 0755) && !(errno == EEXIST && dir_exists(path)))
		die_errno("%s: the directory cannot be made", path);
}

void path_remove(const char *path)
{
	char *const roots[] = { mem_strdup(path), NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!fts)
		die_errno("%s", path);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D || entry->fts_info == FTS_NS)
			continue;
		if (remove(entry->fts_accpath) && errno != ENOENT)
			die_errno("%s: cannot be removed", entry->fts_path);
	}
	fts_close(fts);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
	return dirname(mem_strdup(path));
}

char *path_real(const char *path)
{
	char *real = realpath(path, NULL), *copy;

	if (!real)
		die_errno("%s", path);
	copy = mem_strdup(real);
	free(real);
	return copy;
}

/* ---- Checksums ---------------------------------------------------------------------- */

void sha256(const void *from, size_t size, uint8_t sum[32])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, size, from);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, sum);
}

char *sha256_hex(const void *from, size_t size)
{
	char *hex = mem_alloc(SHA256_DIGEST_SIZE * 2 + 1);
	uint8_t sum[SHA256_DIGEST_SIZE];
	size_t i;

	sha256(from, size, sum);
	for (i = 0; i < sizeof(sum); i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
	return hex;
}
