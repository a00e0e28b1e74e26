// SPDX-License-Identifier: GPL-2.0
/*
 * Diffs of the source: what they touch, and how they are applied.
 *
 * patch(1) applies them, one file after the other, and only what this file understood of
 * them: a name that patch would guess otherwise, an ed script, a path out of the tree
 * never get to it.
 */
#include <ctype.h>
#include <unistd.h>

#include "source.h"
#include "target.h"

struct reader {
	const char *diff;
	char *at;		/* next line */
	const char *end;
	unsigned int line;	/* number of the line before @at */
	struct touched file;	/* what is known so far of the one that is read */
	const char *old, *new;	/* its paths, or NULL */
	bool open;		/* there is one */
};

/* ---- Reading -------------------------------------------------------------------------- */

/* The next line, without its end; NULL at the end of the diff. */
static char *next_line(struct reader *reader)
{
	char *line = reader->at, *end;

	if (line >= reader->end)
		return NULL;
	end = strchrnul(line, '\n');
	reader->at = end + !!*end;
	*end = '\0';
	reader->line++;
	return line;
}

_Noreturn static void die_at(const struct reader *reader, const char *why)
{
	die("%s:%u: %s", reader->diff, reader->line, why);
}

static bool is_safe(const char *path)
{
	const char *part;

	if (!*path || *path == '/' || strpbrk(path, "\\\"\t\n"))
		return false;
	for (part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strcmp(part, "..") || str_starts(part, "../") || !*part || *part == '/')
			return false;
	}
	return true;
}

/* "a/mm/slub.c\t2024-..." is "mm/slub.c"; NULL for /dev/null. */
static const char *path_of(const struct reader *reader, const char *text)
{
	const char *path = mem_strndup(text, strcspn(text, "\t"));
	size_t length = strlen(path);

	while (length && strchr(" \r", path[length - 1]))
		path = mem_strndup(path, --length);
	if (!strcmp(path, "/dev/null"))
		return NULL;
	path = strchr(path, '/');
	if (!path || !is_safe(path + 1))
		die_at(reader, "the path is not one below a directory, as diff -p1 has it");
	return path + 1;
}

static void finish_file(struct reader *reader, struct sources *sources)
{
	struct touched *file = &reader->file;

	if (!reader->open)
		return;
	file->path = reader->new ?: reader->old;
	file->was = reader->old;
	if (!file->path)
		die("%s:%u: neither path is of a file", reader->diff, file->line);
	if (file->touch == TOUCH_CHANGED && !reader->old)
		file->touch = TOUCH_ADDED;
	if (file->touch == TOUCH_CHANGED && !reader->new)
		file->touch = TOUCH_REMOVED;
	if (file->touch == TOUCH_CHANGED && !file->hunks.size)
		file->touch = TOUCH_MODE;
	*list_add(&sources->files) = *file;
	text_add(&sources->all, "%s\n%d\n%s", file->path, (int)file->touch, file->hunks.at ?: "");
	reader->open = false;
}

static void begin_file(struct reader *reader, struct sources *sources)
{
	finish_file(reader, sources);
	reader->file = (struct touched){ .diff = reader->diff, .line = reader->line };
	reader->old = reader->new = NULL;
	reader->open = true;
}

/* "-12,7" or "-12", which is one line */
static bool read_range(const char **at, char sign, unsigned long *count)
{
	char *end;

	if (**at != sign || !isdigit((unsigned char)(*at)[1]))
		return false;
	strtoul(*at + 1, &end, 10);
	*count = 1;
	if (*end == ',') {
		if (!isdigit((unsigned char)end[1]))
			return false;
		*count = strtoul(end + 1, &end, 10);
	}
	*at = end;
	return true;
}

/* "@@ -12,7 +12,8 @@" */
static bool read_counts(const char *line, unsigned long *old, unsigned long *new)
{
	const char *at = line + strlen("@@ ");

	return read_range(&at, '-', old) && *at++ == ' ' && read_range(&at, '+', new) &&
	       str_starts(at, " @@");
}

static void take_line(struct reader *reader, const char *line)
{
	text_add_bytes(&reader->file.hunks, line, strlen(line));
	text_add_bytes(&reader->file.hunks, "\n", 1);
}

static void read_hunk(struct reader *reader, const char *head)
{
	unsigned long old, new;
	char *line;

	if (!reader->open || (!reader->old && !reader->new))
		die_at(reader, "a hunk without the lines that name its file (--- and +++)");
	if (!read_counts(head, &old, &new))
		die_at(reader, "the head of this hunk cannot be read");
	take_line(reader, head);
	while (old || new) {
		line = next_line(reader);
		if (!line)
			die_at(reader, "the diff ends within a hunk");
		if (*line == '\\') {
			take_line(reader, line);
			continue;
		}
		/* Mailers cut the space that a line which is empty begins with. */
		take_line(reader, *line ? line : " ");
		if ((*line != '+' && !old--) || (*line != '-' && !new--) ||
		    (*line && !strchr(" +-", *line)))
			die_at(reader, "this line does not belong into its hunk");
	}
	if (*reader->at == '\\')
		take_line(reader, next_line(reader));
}

/* The two lines before the hunks.  A diff of git has told of the file before. */
static void read_names(struct reader *reader, struct sources *sources, const char *line)
{
	const char *next;

	if (!reader->open || reader->old || reader->new || reader->file.hunks.size)
		begin_file(reader, sources);
	reader->old = path_of(reader, line + 4);
	next = next_line(reader);
	if (!next || !str_starts(next, "+++ "))
		die_at(reader, "there is no +++ after ---");
	reader->new = path_of(reader, next + 4);
	if (reader->file.touch == TOUCH_MODE || reader->file.touch == TOUCH_BINARY)
		reader->file.touch = TOUCH_CHANGED;
}

/* "diff --git a/x b/x": the only line with the path, if just the mode changes. */
static void read_git(struct reader *reader, struct sources *sources, const char *line)
{
	const char *b;

	begin_file(reader, sources);
	reader->file.touch = TOUCH_MODE;
	b = strstr(line, " b/");
	reader->file.path = b && is_safe(b + 3) ? mem_strdup(b + 3) : NULL;
}

static void read_header(struct reader *reader, const char *line)
{
	static const struct {
		const char *start;
		enum touch touch;
	} headers[] = {
		{ "rename from ", TOUCH_RENAMED },
		{ "copy from ", TOUCH_RENAMED },
		{ "Binary files ", TOUCH_BINARY },
		{ "GIT binary patch", TOUCH_BINARY },
		{ "deleted file mode ", TOUCH_REMOVED },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		if (reader->open && str_starts(line, headers[i].start))
			reader->file.touch = headers[i].touch;
	}
}

/* The paths of a file that has no hunks are in the lines of git only. */
static void finish_bare(struct reader *reader)
{
	if (reader->open && !reader->old && !reader->new) {
		reader->new = reader->file.path;
		reader->open = reader->new;
	}
}

static void read_line(struct reader *reader, struct sources *sources, const char *line)
{
	if (str_starts(line, "--- ") && str_starts(reader->at, "+++ ")) {
		read_names(reader, sources, line);
	} else if (str_starts(line, "@@ ")) {
		read_hunk(reader, line);
	} else if (str_starts(line, "diff --git ")) {
		finish_bare(reader);
		read_git(reader, sources, line);
	} else if (str_starts(line, "*** ") && str_starts(reader->at, "--- ")) {
		die_at(reader, "this is a context diff; make a unified one (diff -u)");
	} else {
		read_header(reader, line);
	}
}

void source_read(struct sources *sources, const char *diff)
{
	struct bytes bytes = file_read(diff);
	struct reader reader = {
		.diff = diff,
		.at = (char *)bytes.at,
		.end = (char *)bytes.at + bytes.size,
	};
	size_t before = sources->files.nr;
	char *line;

	if (memchr(bytes.at, 0, bytes.size))
		die("%s: it is not a diff (it has a zero byte)", diff);
	while ((line = next_line(&reader)))
		read_line(&reader, sources, line);
	finish_bare(&reader);
	finish_file(&reader, sources);
	if (sources->files.nr == before)
		die("%s: there is no unified diff in it", diff);
}

/* ---- Applying ------------------------------------------------------------------------- */

static int run_patch(const struct touched *file, const char *tree, const char *input,
		     const char *how, struct text *said)
{
	struct run call = {
		.argv = (const char *[]){
			"patch", "--unified", "--batch", "--forward", "--no-backup-if-mismatch",
			"--reject-file=-", how, mem_printf("--input=%s", input), "--",
			file->path, NULL },
		.dir = tree,
		.output = said,
		.quiet_input = true,
	};
	int status = run(&call);

	if (status == 127)
		die("patch: there is no such program; install it");
	return status;
}

static const char *first_failure(const struct text *said)
{
	const char *found = said->at ? strstr(said->at, "Hunk #") : NULL;

	for (; found; found = strstr(found + 1, "Hunk #")) {
		const char *line = mem_strndup(found, strcspn(found, "\n"));

		if (strstr(line, "FAILED"))
			return line;
	}
	return "it does not apply";
}

_Noreturn static void die_unapplied(const struct touched *file, const char *tree,
				    const char *input, const struct text *said)
{
	struct text again = { 0 };

	if (said->at && strstr(said->at, "previously applied"))
		die("%s:%u: %s: the source has this change already", file->diff, file->line,
		    file->path);
	if (!run_patch(file, tree, input, "--dry-run", &again))
		die_refused("%s:%u: %s: %s, only with fuzz; make the diff against this source",
			    file->diff, file->line, file->path, first_failure(said));
	die("%s:%u: %s: %s", file->diff, file->line, file->path, first_failure(said));
}

static void apply_hunks(const struct touched *file, const char *tree)
{
	const char *input = mem_printf("%s/.klp-diff", tree);
	struct text patch = { 0 }, said = { 0 };

	text_add(&patch, "--- a/%s\n+++ b/%s\n%s", file->path, file->path, file->hunks.at);
	file_write(input, patch.at, patch.size);
	if (run_patch(file, tree, input, "--fuzz=0", &said))
		die_unapplied(file, tree, input, &said);
	note("%s", said.at ?: "");
	unlink(input);
}

/* The whole file is in the diff. */
static void add_file(const struct touched *file, const char *tree)
{
	const char *path = mem_printf("%s/%s", tree, file->path), *line = file->hunks.at;
	struct text text = { 0 };

	for (; line && *line; line += strcspn(line, "\n") + 1) {
		if (*line == '+')
			text_add_bytes(&text, line + 1, strcspn(line, "\n"));
		if (*line == '\\' && text.size)
			text.at[--text.size] = '\0';
	}
	dir_make(path_dir(path));
	file_write(path, text.at ?: "", text.size);
}

void source_apply(const struct sources *sources, const char *tree)
{
	const struct touched *file;

	list_for_each(file, &sources->files) {
		if (file->touch == TOUCH_ADDED)
			add_file(file, tree);
		else if (file->touch == TOUCH_CHANGED)
			apply_hunks(file, tree);
	}
}
