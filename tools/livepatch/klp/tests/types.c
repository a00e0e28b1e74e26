// SPDX-License-Identifier: GPL-2.0
/*
 * types BEFORE.o AFTER.o SOURCE [CHANGED | +ADDED]...
 *
 * Prints what types_compare() refuses; used by types.sh.
 */
#include "../build.h"

void refuse(struct refusals *refusals, const struct refusal *refusal)
{
	*list_add(&refusals->list) = *refusal;
}

int main(int argc, char **argv)
{
	struct diff diff = { 0 };
	struct refusal *refusal;

	if (argc < 4)
		return 2;
	diff.before = argv[1];
	diff.after = argv[2];
	diff.source = argv[3];
	for (argv += 4; *argv; argv++) {
		if (**argv == '+')
			*list_add(&diff.added) = *argv + 1;
		else
			list_add(&diff.changes)->place.name = *argv;
	}
	types_compare(&diff);
	list_for_each(refusal, &diff.refusals.list)
		printf("%s: %s:%u: %s %s\n", refusal->class, refusal->file, refusal->line,
		       refusal->what, refusal->why);
	return diff.refusals.list.nr ? 3 : 0;
}
