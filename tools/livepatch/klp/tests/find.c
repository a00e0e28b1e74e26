// SPDX-License-Identifier: GPL-2.0
/*
 * find VMLINUX [-s SYMVERS] [-m KO]... [-d DEBUG] OBJECT SOURCE|- NAME [NEIGHBOUR...]
 * find VMLINUX -o [OBJECT.o SOURCE]...: each local symbol of object files
 * find VMLINUX [-m KO]... -r OBJECT NAME [LEFT...]: what removed_check() says
 *
 * Prints what kernel_find() says; used by symbols.sh.
 */
#include <libelf.h>

#include "../build.h"
#include "../image.h"

static LIST(const char *) modules;

static char *module_path(const char *name, void *arg)
{
	const char **path;

	(void)arg;
	list_for_each(path, &modules)
		if (!strncmp(path_base(*path), name, strlen(name)) &&
		    path_base(*path)[strlen(name)] == '.')
			return mem_strdup(*path);
	return NULL;
}

static const char *debug;

static char *debug_path(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return debug ? mem_strdup(debug) : NULL;
}

static bool find(const struct kernel *kernel, const char *object, const char *source,
		 const char *name, const char *const *near)
{
	struct place place;
	const char *why = "?";

	if (!kernel_find(kernel, object, source, name, near, &place, &why)) {
		printf("%s: %s\n", name, why);
		return false;
	}
	printf("%s %s,%lu %#llx %llu %s%s\n", place.object, place.name, place.pos,
	       (unsigned long long)place.address, (unsigned long long)place.size,
	       place.section ? place.section : "-",
	       kernel_bytes(kernel, &place) ? "" : " no bytes");
	return true;
}

/* What was linked from the object file has the same size. */
static bool find_symbol(const struct kernel *kernel, const char *source,
			const struct symbol *symbol, const char *const *near)
{
	struct place place;
	const char *why = "?";

	if (!kernel_find(kernel, KLP_VMLINUX, source, symbol->name, near, &place, &why)) {
		printf("%s: %s: not found: %s\n", source, symbol->name, why);
		return false;
	}
	if (place.size == symbol->size)
		return true;
	printf("%s: %s: wrong: of %llu bytes instead of %llu\n", source, symbol->name,
	       (unsigned long long)place.size, (unsigned long long)symbol->size);
	return false;
}

static size_t find_all(const struct kernel *kernel, const char *path, const char *source,
		       size_t *found)
{
	struct image *object = image_open("object", path);
	LIST(const char *) near = { 0 };
	size_t i, nr = 0;

	for (i = 0; i < object->nr_symbols; i++)
		if (object->symbols[i].listed && object->symbols[i].bind == STB_LOCAL)
			*list_add(&near) = object->symbols[i].name;
	*list_add(&near) = NULL;
	for (i = 0; i < object->nr_symbols; i++) {
		if (!object->symbols[i].listed || object->symbols[i].bind != STB_LOCAL ||
		    !object->symbols[i].size)
			continue;
		nr++;
		*found += find_symbol(kernel, source, &object->symbols[i], near.at);
	}
	return nr;
}

void refuse(struct refusals *refusals, const struct refusal *refusal)
{
	(void)refusals;
	printf("%s: %s %s\n", refusal->class, refusal->what, refusal->why);
}

static int find_removed(const struct kernel *kernel, char **argv)
{
	struct gone gone = { 0 };

	*list_add(&gone.removed) = (struct removed){ argv[1], argv[0], "x.c" };
	for (argv++; *argv; argv++)
		*list_add(&gone.left) = *argv;
	removed_check(kernel, &gone, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *symvers = NULL, *vmlinux = argv[1];
	struct kernel *kernel;
	size_t nr = 0, found = 0;
	const char *export;

	for (argv += 2, argc -= 2; argc > 2 && argv[0][0] == '-' && argv[0][1];
	     argv += 2, argc -= 2) {
		if (argv[0][1] == 's')
			symvers = argv[1];
		else if (argv[0][1] == 'm')
			*list_add(&modules) = argv[1];
		else if (argv[0][1] == 'd')
			debug = argv[1];
		else
			break;
	}
	kernel = kernel_open(vmlinux, symvers, module_path, NULL);
	kernel_set_debug(kernel, debug_path);
	if (!strcmp(argv[0], "-o")) {
		for (argv++; argv[0] && argv[1]; argv += 2)
			nr += find_all(kernel, argv[0], argv[1], &found);
		printf("%zu of %zu\n", found, nr);
		return found != nr;
	}
	if (!strcmp(argv[0], "-r"))
		return find_removed(kernel, argv + 1);
	if (argc == 1) {
		export = kernel_export(kernel, argv[0]);
		printf("%s\n", export ? export : "not exported");
		export = kernel_build_id(kernel, KLP_VMLINUX);
		printf("%s\n", export ? export : "no build-id");
		return 0;
	}
	return !find(kernel, argv[0], strcmp(argv[1], "-") ? argv[1] : NULL, argv[2],
		     (const char *const *)argv + 3);
}
