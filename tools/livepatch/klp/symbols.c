// SPDX-License-Identifier: GPL-2.0
/*
 * What is in the built kernel: exports, build-ids, and where a symbol is, counted as the
 * running kernel counts symbols of one name.
 */
#include "build.h"
#include "image.h"

struct kernel {
	struct image *vmlinux;
	struct names *images;		/* of modules; those that are absent have &absent */
	struct names *exports;		/* symbol to object */
	struct names *namespaces;	/* symbol to namespace, where it is exported for one */
	char *(*module_path)(const char *name, void *arg);
	char *(*debug_path)(const char *name, void *arg);
	void *arg;
};

static struct image absent;

/* ---- Exports ---------------------------------------------------------------------- */

/* "drivers/net/dummy-x" is module dummy_x. */
static char *object_name(const char *path)
{
	char *name = mem_strdup(path_base(path)), *at;

	for (at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

/* 0x<crc> TAB <symbol> TAB <object> TAB <kind> TAB <namespace> */
static void read_export(struct kernel *kernel, char *line)
{
	char *field[5], *at = line;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = at;
		at = at ? strchr(at, '\t') : NULL;
		if (at)
			*at++ = '\0';
	}
	if (!field[3])
		return;
	names_set(kernel->exports, field[1], object_name(field[2]));
	if (field[4] && *field[4])
		names_set(kernel->namespaces, field[1], field[4]);
}

void kernel_add_exports(struct kernel *kernel, const char *path)
{
	struct bytes bytes = file_read(path);
	char *line = (char *)bytes.at, *end;

	for (; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		read_export(kernel, line);
	}
}

const char *kernel_export(const struct kernel *kernel, const char *name)
{
	return names_get(kernel->exports, name);
}

const char *kernel_export_namespace(const struct kernel *kernel, const char *name)
{
	return names_get(kernel->namespaces, name);
}

/* ---- Objects ---------------------------------------------------------------------- */

struct kernel *kernel_open(const char *vmlinux, const char *symvers,
			   char *(*module_path)(const char *name, void *arg), void *arg)
{
	struct kernel *kernel = mem_alloc(sizeof(*kernel));

	kernel->images = names_new();
	kernel->exports = names_new();
	kernel->namespaces = names_new();
	kernel->module_path = module_path;
	kernel->arg = arg;
	kernel->vmlinux = image_open(KLP_VMLINUX, vmlinux);
	if (kernel->vmlinux->module)
		die("%s: is not a linked kernel", vmlinux);
	if (symvers)
		kernel_add_exports(kernel, symvers);
	return kernel;
}

void kernel_set_debug(struct kernel *kernel, char *(*debug_path)(const char *name, void *arg))
{
	kernel->debug_path = debug_path;
}

struct image *kernel_image(const struct kernel *kernel, const char *object)
{
	struct image *image;
	char *path;

	if (!strcmp(object, KLP_VMLINUX))
		return kernel->vmlinux;
	image = names_get(kernel->images, object);
	if (image)
		return image == &absent ? NULL : image;
	path = kernel->module_path ? kernel->module_path(object, kernel->arg) : NULL;
	image = path ? image_open(object, path) : &absent;
	if (path && !image->module)
		die("%s: is not a module", path);
	names_set(kernel->images, image == &absent ? mem_strdup(object) : image->object, image);
	return image == &absent ? NULL : image;
}

/* ---- Build-ids -------------------------------------------------------------------- */

static char *hex(const unsigned char *from, size_t size)
{
	char *text = mem_alloc(2 * size + 1);
	size_t i;

	for (i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", from[i]);
	return text;
}

static char *note_build_id(const struct area *area)
{
	Elf_Data *data = elf_getdata(area->scn, NULL);
	size_t at = 0, name, desc;
	GElf_Nhdr nhdr;

	while (data && (at = gelf_getnote(data, at, &nhdr, &name, &desc)) > 0)
		if (nhdr.n_type == NT_GNU_BUILD_ID && nhdr.n_namesz == sizeof("GNU") &&
		    !memcmp((char *)data->d_buf + name, "GNU", sizeof("GNU")))
			return hex((unsigned char *)data->d_buf + desc, nhdr.n_descsz);
	return NULL;
}

static const char *image_build_id(const struct image *image)
{
	char *id = NULL;
	size_t i;

	for (i = 1; image && !id && i < image->nr_areas; i++)
		if (image->areas[i].type == SHT_NOTE)
			id = note_build_id(&image->areas[i]);
	return id;
}

const char *kernel_build_id(const struct kernel *kernel, const char *object)
{
	return image_build_id(kernel_image(kernel, object));
}

/* ---- Where a symbol is ------------------------------------------------------------ */

static const struct symbol *find_global(const struct image *image, const char *name,
					const char **why)
{
	struct symbol **named;
	size_t nr, i;

	named = image_named(image, name, &nr);
	for (i = 0; i < nr; i++)
		if (named[i]->bind != STB_LOCAL)
			return named[i];
	*why = mem_printf("%s has no global symbol %s", image->object, name);
	return NULL;
}

/* Stripping took the names of files away, and nothing else: the n-th is the n-th. */
static bool names_agree(const struct image *image, const struct image *debug, const char *name)
{
	struct symbol **one, **other;
	size_t nr, others, i;

	one = image_named(image, name, &nr);
	other = image_named(debug, name, &others);
	for (i = 0; i < nr && nr == others; i++)
		if (one[i]->value != other[i]->value || one[i]->size != other[i]->size ||
		    strcmp(image->areas[one[i]->area].name, debug->areas[other[i]->area].name))
			return false;
	return nr == others;
}

static struct image *debug_image(const struct kernel *kernel, const struct image *image)
{
	const char *id = image_build_id(image), *other;
	struct image *debug;
	char *path;

	path = kernel->debug_path ? kernel->debug_path(image->object, kernel->arg) : NULL;
	if (!path || !id)
		return NULL;
	debug = image_open(image->object, path);
	other = image_build_id(debug);
	return other && !strcmp(id, other) ? debug : NULL;
}

static const struct symbol *find_by_debug(const struct kernel *kernel, struct image *image,
					  const char *source, const char *name,
					  const char *const *near, const char **why)
{
	struct symbol **one, **other;
	const struct symbol *found;
	size_t nr, i;

	if (!image->debug)
		image->debug = debug_image(kernel, image);
	if (!image->debug || !names_agree(image, image->debug, name))
		return NULL;
	found = origin_find(image->debug, source, name, near, why);
	one = image_named(image, name, &nr);
	other = image_named(image->debug, name, &nr);
	for (i = 0; i < nr; i++)
		if (other[i] == found)
			return one[i];
	return NULL;
}

/*
 * While a module is loading, the kernel counts the symbols of its init part, too, and
 * from then on it does not: a position that depends on it is of no use.
 */
static bool position(const struct image *image, const struct symbol *symbol, unsigned long *pos,
		     const char **why)
{
	unsigned long before_init = 0, before = 0;
	struct symbol **named;
	size_t nr, i;

	named = image_named(image, symbol->name, &nr);
	for (i = 0; i < nr && named[i] != symbol; i++) {
		before++;
		before_init += named[i]->init;
	}
	*pos = nr == 1 ? 0 : before + 1;
	if (symbol->init)
		*why = mem_printf("it is in the init part of module %s, which is gone when it runs",
				  image->object);
	else if (before_init)
		*why = mem_printf("the init part of module %s has a symbol %s, too, for a while",
				  image->object, symbol->name);
	return !symbol->init && !before_init;
}

bool kernel_find(const struct kernel *kernel, const char *object, const char *source,
		 const char *name, const char *const *near, struct place *place, const char **why)
{
	struct image *image = kernel_image(kernel, object);
	const struct symbol *symbol;

	memset(place, 0, sizeof(*place));
	if (!image) {
		*why = mem_printf("module %s has not been built here", object);
		return false;
	}
	symbol = source ? origin_find(image, source, name, near, why) :
			  find_global(image, name, why);
	if (!symbol && source && image->module && image->groups.nr == 1)
		symbol = find_by_debug(kernel, image, source, name, near, why);
	if (!symbol)
		return false;
	place->object = image->object;
	place->name = symbol->name;
	place->address = symbol->value;
	place->size = symbol->size;
	place->section = symbol->area ? image->areas[symbol->area].name : NULL;
	return position(image, symbol, &place->pos, why);
}

/* Modules can have several sections of one name; no symbol of such a one is taken. */
static const struct area *place_area(const struct image *image, const struct place *place)
{
	const struct area *found = NULL;
	size_t i;

	for (i = 1; place->section && i < image->nr_areas; i++) {
		if (strcmp(image->areas[i].name, place->section))
			continue;
		if (found)
			return NULL;
		found = &image->areas[i];
	}
	return found;
}

const unsigned char *kernel_bytes(const struct kernel *kernel, const struct place *place)
{
	struct image *image = kernel_image(kernel, place->object);

	if (!image || !place->size)
		return NULL;
	return image_bytes(image, image->module ? place_area(image, place) : NULL,
			   place->address, place->size);
}
