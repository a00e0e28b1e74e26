// SPDX-License-Identifier: GPL-2.0
/*
 * link FROM TO [SYMBOL OBJECT NAME POSITION REFERRER]...: link_file() with references
 *
 * Used by link.sh.
 */
#include "../link.h"
#include "../target.h"

const char *kernel_export(const struct kernel *kernel, const char *name)
{
	(void)kernel;
	(void)name;
	return NULL;
}

bool kernel_find(const struct kernel *kernel, const char *object, const char *source,
		 const char *name, const char *const *near, struct place *place, const char **why)
{
	(void)kernel, (void)object, (void)source, (void)name, (void)near, (void)place, (void)why;
	return false;
}

void die_refused(const char *fmt, ...)
{
	fprintf(stderr, "refused: %s\n", fmt);
	exit(KLP_EXIT_REFUSED);
}

int main(int argc, char **argv)
{
	LIST(struct reference) references = { 0 };
	int i;

	if (argc < 3)
		return KLP_EXIT_USAGE;
	for (i = 3; i + 4 < argc; i += 5)
		*list_add(&references) = (struct reference){
			.symbol = argv[i],
			.place = { .object = argv[i + 1], .name = argv[i + 2],
				   .pos = strtoul(argv[i + 3], NULL, 10) },
			.object = argv[i + 4],
		};
	link_file(argv[1], argv[2], references.at, references.nr, NULL);
	return KLP_EXIT_OK;
}
