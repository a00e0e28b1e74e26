// SPDX-License-Identifier: GPL-2.0
/*
 * Tells what diff_object() finds, for tests/diff.sh:
 *
 *	diff BEFORE.o AFTER.o SOURCE OBJECT OUT.o [+WANTED | -BESIDE]...
 *
 * An empty BEFORE.o stands for a new source.
 * The kernel is made up: it has every symbol, but not those that start with "lost_"; what
 * starts with "exp_" is exported, "exp_ns_" for a namespace only, what starts with "mod_"
 * belongs to module "other"; "other_" is another function than that of the object.
 */
#include "../build.h"

bool kernel_find(const struct kernel *kernel, const char *object, const char *source,
		 const char *name, const char *const *near, struct place *place, const char **why)
{
	(void)kernel;
	(void)near;
	*why = "is lost";
	if (str_starts(name, "lost_"))
		return false;
	place->object = str_starts(name, "mod_") ? "other" : object;
	place->name = name;
	place->pos = source ? 1 : 0;
	place->size = str_starts(name, "other_") ? 1 : 0;
	return true;
}

const char *kernel_export(const struct kernel *kernel, const char *name)
{
	(void)kernel;
	if (str_starts(name, "mod_"))
		return "other";
	if (str_starts(name, "exp_") || !strcmp(name, "__fentry__") || str_starts(name, "__x86_") ||
	    !strcmp(name, "__stack_chk_fail"))
		return KLP_VMLINUX;
	return NULL;
}

const char *kernel_export_namespace(const struct kernel *kernel, const char *name)
{
	(void)kernel;
	return str_starts(name, "exp_ns_") ? "SPACE" : NULL;
}

const unsigned char *kernel_bytes(const struct kernel *kernel, const struct place *place)
{
	(void)kernel;
	(void)place;
	return NULL;
}

void refuse(struct refusals *refusals, const struct refusal *refusal)
{
	*list_add(&refusals->list) = *refusal;
}

static void tell(const struct diff *diff, bool written)
{
	const struct change *change;
	const struct reference *reference;
	const struct declaration *declaration;
	const struct refusal *refusal;
	const char **added;

	list_for_each(change, &diff->changes)
		printf("change %s: %s\n", change->place.name, change->why);
	list_for_each(added, &diff->added)
		printf("added %s\n", *added);
	list_for_each(reference, &diff->references)
		printf("reference %s: %s %s,%lu\n", reference->symbol, reference->place.object,
		       reference->place.name, reference->place.pos);
	list_for_each(declaration, &diff->declarations)
		printf("declared %s %s\n", declaration->kind, declaration->alias);
	list_for_each(refusal, &diff->refusals.list)
		printf("refused %s: %s:%u: %s %s (%s)\n", refusal->class, refusal->file,
		       refusal->line, refusal->what, refusal->why, refusal->advice);
	printf("%s\n", written ? "written" : "nothing written");
}

int main(int argc, char **argv)
{
	LIST(const char *) wanted = { 0 }, beside = { 0 };
	struct diff diff = { 0 };

	if (argc < 6)
		die_usage("usage: diff BEFORE.o AFTER.o SOURCE OBJECT OUT.o");
	for (int i = 6; i < argc; i++) {
		if (argv[i][0] == '+')
			*list_add(&wanted) = argv[i] + 1;
		else
			*list_add(&beside) = argv[i] + 1;
	}
	*list_add(&wanted) = NULL;
	*list_add(&beside) = NULL;
	diff.wanted = wanted.at;
	diff.beside = beside.at;
	diff.before = *argv[1] ? argv[1] : NULL;
	diff.after = argv[2];
	diff.source = argv[3];
	diff.object = argv[4];
	diff.out = argv[5];
	diff.index = 7;
	tell(&diff, diff_object(&diff));
	return 0;
}
