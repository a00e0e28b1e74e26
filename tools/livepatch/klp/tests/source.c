// SPDX-License-Identifier: GPL-2.0
/*
 * source BEFORE AFTER DIFF...: applies diffs to the tree AFTER, a copy of BEFORE
 *
 * Prints what each touches, and keeps the numbers of lines; used by source.sh.
 */
#include "../source.h"
#include "../target.h"
#include "../touch.h"

static const char *const kinds[] = {
	[TOUCH_CHANGED] = "changed", [TOUCH_ADDED] = "added", [TOUCH_REMOVED] = "removed",
	[TOUCH_RENAMED] = "renamed", [TOUCH_MODE] = "mode", [TOUCH_BINARY] = "binary",
};

void die_refused(const char *fmt, ...)
{
	fprintf(stderr, "refused: %s\n", fmt);
	exit(KLP_EXIT_REFUSED);
}

int main(int argc, char **argv)
{
	struct sources sources = { 0 };
	const struct touched *file;
	int i;

	if (argc < 4)
		return KLP_EXIT_USAGE;
	for (i = 3; i < argc; i++)
		source_read(&sources, argv[i]);
	list_for_each(file, &sources.files)
		printf("%s %s\n", kinds[file->touch], file->path);
	fflush(stdout);
	source_apply(&sources, argv[2]);
	list_for_each(file, &sources.files) {
		if (file->touch == TOUCH_CHANGED)
			lines_keep(mem_printf("%s/%s", argv[1], file->path),
				   mem_printf("%s/%s", argv[2], file->path));
	}
	return KLP_EXIT_OK;
}
