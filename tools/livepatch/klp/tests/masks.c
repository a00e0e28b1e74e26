// SPDX-License-Identifier: GPL-2.0
/*
 * masks [-q] VMLINUX NAME...		what verify_function() says of functions of vmlinux
 * masks [-q] VMLINUX -m KO NAME...	of a module
 * masks [-q] VMLINUX [-m KO] -a [RELOCS]
 *					of all that can be traced, or of .text of KO; RELOCS,
 *					the kernel's own list of what moves (vmlinux.relocs),
 *					must then all be masked
 * masks -c VMLINUX [-m KO] NAME...	the C source of the checks
 * masks -c VMLINUX [-m KO] -a		... with addresses as they were built: verify-vm.sh
 *
 * Used by verify.sh.
 */
#include "../build.h"
#include "../sites.h"

static const char *module;
static bool quiet, source;
static LIST(struct verified) all;

static char *module_path(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return mem_strdup(module);
}

static void print(const struct verified *verified)
{
	const struct mask *mask;
	size_t i;

	printf("%s %#llx %llu ", verified->place.name, (unsigned long long)verified->place.address,
	       (unsigned long long)verified->place.size);
	for (i = 0; i < sizeof(verified->sum); i++)
		printf("%02x", verified->sum[i]);
	list_for_each(mask, &verified->masks)
		printf(" %u+%u", mask->offset, mask->size);
	printf("\n");
}

static bool show(const struct kernel *kernel, const struct place *place, struct verified *verified)
{
	const char *why = "?";

	if (!verify_function(kernel, place, verified, &why)) {
		printf("%s: %s\n", place->name, why);
		return false;
	}
	if (source)
		*list_add(&all) = *verified;
	else if (!quiet)
		print(verified);
	return true;
}

/* ---- All functions of vmlinux ----------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Three lists of addresses' low halves, each after a zero. */
static size_t moving(const char *path, uint64_t **list)
{
	struct bytes bytes = path ? file_read(path) : (struct bytes){ 0 };
	size_t nr = 0, i;
	int32_t value;

	*list = mem_array(bytes.size / 4 + 1, sizeof(**list));
	for (i = 0; i + 4 <= bytes.size; i += 4) {
		memcpy(&value, bytes.at + i, sizeof(value));
		if (value)
			(*list)[nr++] = (uint64_t)(int64_t)value;
	}
	qsort(*list, nr, sizeof(**list), compare);
	return nr;
}

static bool is_masked(const struct verified *verified, uint64_t offset)
{
	const struct mask *mask;

	list_for_each(mask, &verified->masks)
		if (offset >= mask->offset && offset + 4 <= mask->offset + mask->size)
			return true;
	return false;
}

static size_t unmasked(const struct verified *verified, const uint64_t *list, size_t nr)
{
	uint64_t start = verified->place.address, end = start + verified->place.size;
	size_t low = 0, high = nr, missed = 0;

	while (low < high) {
		if (list[(low + high) / 2] < start)
			low = (low + high) / 2 + 1;
		else
			high = (low + high) / 2;
	}
	for (; low < nr && list[low] < end; low++) {
		if (is_masked(verified, list[low] - start))
			continue;
		printf("%s+%#llx moves and is not masked\n", verified->place.name,
		       (unsigned long long)(list[low] - start));
		missed++;
	}
	return missed;
}

static bool is_traced(const struct sites *sites, const struct symbol *symbol)
{
	const struct site *site = sites_from(sites, 0, symbol->value);

	for (; site < sites->list.at + sites->list.nr && site->address < symbol->value + 8; site++)
		if (site->address >= symbol->value && !strcmp(site->table, "__mcount_loc"))
			return true;
	return false;
}

/* Offsets in .text of a module */
static int print_built(const struct kernel *kernel)
{
	const struct symbol *start = image_symbol(kernel_image(kernel, KLP_VMLINUX), "_text");
	uint64_t built = module ? 0 : start ? start->value : 0;
	struct text text = { 0 };
	size_t i;

	for (i = 0; i < all.nr; i++)
		printf("#define klp_old_0_%zu (const void *)%#llx\n", i,
		       (unsigned long long)all.at[i].place.address);
	verify_source(&text, kernel, all.at, all.nr, 0);
	printf("#include \"klp_verify.h\"\n%s\n"
	       "const struct klp_verify_object *verify_all = &verify_0;\n"
	       "const unsigned long klp_verify_built_text = %#llx;\n", text.at,
	       (unsigned long long)built);
	return !module && !start;
}

static bool is_wanted(const struct image *image, const struct symbol *symbol)
{
	if (symbol->type != STT_FUNC || !symbol->size)
		return false;
	if (image->module)
		return !strcmp(image->areas[symbol->area].name, ".text");
	return is_traced(image->sites, symbol) &&
	       !str_starts(image->areas[symbol->area].name, ".init");
}

static int show_all(const struct kernel *kernel, const char *relocs)
{
	struct image *image = kernel_image(kernel, module ? "module" : KLP_VMLINUX);
	const struct sites *sites = image_sites(image);
	size_t nr = 0, failed = 0, missed = 0, masked = 0, bytes = 0, i, nr_moving;
	const struct symbol *symbol;
	struct verified verified;
	const struct mask *mask;
	struct place place;
	uint64_t *list;

	nr_moving = moving(relocs, &list);
	for (i = 0; i < image->nr_listed; i++) {
		symbol = image->listed[i];
		if (!is_wanted(image, symbol))
			continue;
		place = (struct place){ image->object, symbol->name, 0, symbol->value, symbol->size,
					image->areas[symbol->area].name };
		nr++;
		failed += !show(kernel, &place, &verified);
		bytes += place.size;
		list_for_each(mask, &verified.masks)
			masked += mask->size;
		missed += unmasked(&verified, list, nr_moving);
	}
	if (source)
		return print_built(kernel);
	if (sites->why)
		printf("%s\n", sites->why);
	printf("# %zu functions, %zu failed, %zu of %zu bytes masked, %zu missed\n", nr, failed,
	       masked, bytes, missed);
	return failed || missed || !nr;
}

int main(int argc, char **argv)
{
	struct verified verified;
	struct kernel *kernel;
	const char *object, *why;
	struct text text = { 0 };
	struct place place;
	int failed = 0;

	quiet = argc > 2 && !strcmp(argv[1], "-q");
	source = argc > 2 && !strcmp(argv[1], "-c");
	argv += quiet + source + 1;
	argc -= quiet + source + 1;
	kernel = kernel_open(argv[0], NULL, module_path, NULL);
	module = argc > 2 && !strcmp(argv[1], "-m") ? argv[2] : NULL;
	object = module ? "module" : KLP_VMLINUX;
	argv += module ? 2 : 0;
	if (argv[1] && !strcmp(argv[1], "-a"))
		return show_all(kernel, argv[2]);
	for (argv++; *argv; argv++) {
		if (kernel_find(kernel, object, NULL, *argv, NULL, &place, &why))
			failed |= !show(kernel, &place, &verified);
		else
			failed = printf("%s: %s\n", *argv, why) > 0;
	}
	if (source) {
		verify_source(&text, kernel, all.at, all.nr, 0);
		printf("%s", text.at);
	}
	return failed;
}
