// SPDX-License-Identifier: GPL-2.0
/*
 * A built vmlinux or module: sections, bytes, and the symbols that kallsyms of the
 * running kernel has, ordered as the kernel counts them.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image.h"

/* ---- What the libraries hold, given back at the end ------------------------------- */

struct handle {
	void *library;
	int (*end)(void *library);
	struct handle *older;
};

static struct handle *newest;

static void end_handles(void)
{
	struct handle *handle;

	while (newest) {
		handle = newest;
		newest = handle->older;
		handle->end(handle->library);
		free(handle);
	}
}

void image_end_later(void *library, int (*end)(void *library))
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle || (!newest && atexit(end_handles)))
		die("out of memory");
	handle->library = library;
	handle->end = end;
	handle->older = newest;
	newest = handle;
}

static int end_elf(void *elf)
{
	return elf_end(elf);
}

/* ---- Opening ----------------------------------------------------------------------- */

struct packer {
	const char *magic;
	size_t size;
	const char *program;
};

static const struct packer packers[] = {
	{ "\x1f\x8b", 2, "gzip" },
	{ "\3757zXZ", 5, "xz" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd" },
};

static Elf *unpack(const char *path, const char *program)
{
	const char *const argv[] = { program, "-dcq", path, NULL };
	struct text unpacked = { 0 };
	struct run how = { .argv = argv, .output = &unpacked };
	int status = run(&how);
	Elf *elf;

	if (status)
		die("%s: %s -d failed (%d): is it installed?", path, program, status);
	elf = unpacked.size ? elf_memory(unpacked.at, unpacked.size) : NULL;
	if (!elf)
		die("%s: is not an ELF file", path);
	return elf;
}

/*
 * Modules may be compressed.  libdwfl would undo it, but what it gives is changed: it lays
 * sections out and applies relocations.
 */
static Elf *open_compressed(const char *path)
{
	struct bytes bytes = file_read(path);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(packers); i++)
		if (bytes.size > packers[i].size &&
		    !memcmp(bytes.at, packers[i].magic, packers[i].size))
			return unpack(path, packers[i].program);
	die("%s: is not an ELF file", path);
}

static Elf *open_elf(const char *path)
{
	Elf *elf;
	int fd;

	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die_errno("%s", path);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF) {
		image_end_later(elf, end_elf);
		return elf;	/* reads the file later: it stays open */
	}
	elf_end(elf);
	close(fd);
	elf = open_compressed(path);
	image_end_later(elf, end_elf);
	return elf;
}

static void read_header(struct image *image)
{
	GElf_Ehdr ehdr;

	if (!gelf_getehdr(image->elf, &ehdr))
		die("%s: has no ELF header: %s", image->path, elf_errmsg(-1));
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr.e_machine != EM_X86_64)
		die("%s: is not for x86-64", image->path);
	image->module = ehdr.e_type == ET_REL;
}

static void read_areas(struct image *image)
{
	size_t nr, names, i;
	GElf_Shdr shdr;
	struct area *area;

	if (elf_getshdrnum(image->elf, &nr) || elf_getshdrstrndx(image->elf, &names))
		die("%s: has no sections: %s", image->path, elf_errmsg(-1));
	image->areas = mem_array(nr + 1, sizeof(*image->areas));
	image->nr_areas = nr;
	for (i = 1; i < nr; i++) {
		area = &image->areas[i];
		area->scn = elf_getscn(image->elf, i);
		if (!area->scn || !gelf_getshdr(area->scn, &shdr))
			die("%s: section %zu: %s", image->path, i, elf_errmsg(-1));
		area->name = elf_strptr(image->elf, names, shdr.sh_name);
		if (!area->name)
			die("%s: section %zu has no name", image->path, i);
		/* libdwfl gives sections of modules addresses that are its own */
		area->address = image->module ? 0 : shdr.sh_addr;
		area->size = shdr.sh_size;
		area->flags = shdr.sh_flags;
		area->type = shdr.sh_type;
		area->info = shdr.sh_info;
	}
}

/* ---- Which symbols kallsyms has --------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *list, size_t nr,
		      bool (*is)(const char *, const char *))
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (is(name, list[i]))
			return true;
	return false;
}

/* Names that the kernel's build leaves out of kallsyms; the same for every position. */
static bool is_left_out(const char *name)
{
	static const char *const starts[] = {
		"$", ".L", "__efistub_", "__pi_$", "__pi_.L", "__kcfi_typeid_", "__crc_",
		"__kstrtab_", "__kstrtabns_",
	};

	return is_one_of(name, starts, ARRAY_SIZE(starts), str_starts);
}

static bool is_listed_in_vmlinux(const struct image *image, const struct symbol *symbol)
{
	if (is_left_out(symbol->name))
		return false;
	if (!symbol->area)
		return symbol->bind != STB_LOCAL;
	return !str_starts(image->areas[symbol->area].name, ".debug");
}

/* Absolute symbols are no part of a module; sections decide. */
static bool is_listed(const struct image *image, const struct symbol *symbol)
{
	if (!symbol->defined || !*symbol->name)
		return false;
	if (image->module)
		return symbol->area && (image->areas[symbol->area].flags & SHF_ALLOC);
	return symbol->type != STT_FILE && symbol->type != STT_SECTION &&
	       is_listed_in_vmlinux(image, symbol);
}

/* ---- Symbols ---------------------------------------------------------------------- */

static bool read_symbol(struct image *image, Elf_Data *data, size_t strings, size_t i)
{
	struct symbol *symbol = &image->symbols[i];
	GElf_Sym sym;

	if (!gelf_getsym(data, (int)i, &sym))
		return false;
	symbol->name = elf_strptr(image->elf, strings, sym.st_name);
	if (!symbol->name)
		return false;
	symbol->value = sym.st_value;
	symbol->size = sym.st_size;
	symbol->bind = GELF_ST_BIND(sym.st_info);
	symbol->type = GELF_ST_TYPE(sym.st_info);
	symbol->visibility = GELF_ST_VISIBILITY(sym.st_other);
	symbol->defined = sym.st_shndx == SHN_ABS ||
			  (sym.st_shndx != SHN_UNDEF && sym.st_shndx < image->nr_areas);
	symbol->area = symbol->defined && sym.st_shndx != SHN_ABS ? sym.st_shndx : 0;
	symbol->listed = is_listed(image, symbol);
	symbol->init = image->module && symbol->area &&
		       str_starts(image->areas[symbol->area].name, ".init");
	return true;
}

static void note_group(struct image *image, size_t i)
{
	struct symbol *symbol = &image->symbols[i];
	struct group *group;

	if (symbol->type == STT_FILE) {
		group = list_add(&image->groups);
		group->file = symbol->name;
		group->first = i + 1;
	}
	if (symbol->bind != STB_LOCAL)
		return;
	symbol->group = image->groups.nr - 1;
	image->groups.at[symbol->group].end = i + 1;
}

static const struct area *symbol_table(const struct image *image)
{
	size_t i;

	for (i = 1; i < image->nr_areas; i++)
		if (image->areas[i].type == SHT_SYMTAB)
			return &image->areas[i];
	die("%s: has no symbol table; take the one that is not stripped", image->path);
}

static void read_symbols(struct image *image)
{
	const struct area *table = symbol_table(image);
	Elf_Data *data = elf_getdata(table->scn, NULL);
	GElf_Shdr shdr;
	size_t i;

	if (!data || !gelf_getshdr(table->scn, &shdr) || !shdr.sh_entsize)
		die("%s: symbol table: %s", image->path, elf_errmsg(-1));
	image->nr_symbols = data->d_size / sizeof(Elf64_Sym);
	image->symbols = mem_array(image->nr_symbols + 1, sizeof(*image->symbols));
	list_add(&image->groups)->file = "";
	for (i = 0; i < image->nr_symbols; i++) {
		if (!read_symbol(image, data, shdr.sh_link, i))
			die("%s: symbol %zu is broken", image->path, i);
		note_group(image, i);
	}
}

/* The kernel counts by address in vmlinux, in the order of the file in a module. */
static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *left = *(struct symbol *const *)a;
	const struct symbol *right = *(struct symbol *const *)b;
	int names = strcmp(left->name, right->name);

	if (names)
		return names;
	return left < right ? -1 : left > right;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct symbol *left = *(struct symbol *const *)a;
	const struct symbol *right = *(struct symbol *const *)b;
	int names = strcmp(left->name, right->name);

	if (names || left->value == right->value)
		return compare_symbols(a, b);
	return left->value < right->value ? -1 : 1;
}

static void sort_symbols(struct image *image)
{
	size_t i;

	image->listed = mem_array(image->nr_symbols + 1, sizeof(struct symbol *));
	for (i = 0; i < image->nr_symbols; i++)
		if (image->symbols[i].listed)
			image->listed[image->nr_listed++] = &image->symbols[i];
	qsort(image->listed, image->nr_listed, sizeof(struct symbol *),
	      image->module ? compare_symbols : compare_addresses);
}

struct image *image_open(const char *object, const char *path)
{
	struct image *image = mem_alloc(sizeof(*image));

	image->object = mem_strdup(object);
	image->path = mem_strdup(path);
	image->elf = open_elf(path);
	read_header(image);
	read_areas(image);
	read_symbols(image);
	sort_symbols(image);
	return image;
}

/* ---- Finding ---------------------------------------------------------------------- */

struct symbol **image_named(const struct image *image, const char *name, size_t *nr)
{
	size_t low = 0, high = image->nr_listed, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(image->listed[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*nr = 0; low + *nr < image->nr_listed; (*nr)++)
		if (strcmp(image->listed[low + *nr]->name, name))
			break;
	return image->listed + low;
}

const struct symbol *image_symbol(const struct image *image, const char *name)
{
	size_t nr;
	struct symbol **named = image_named(image, name, &nr);

	return nr ? named[0] : NULL;
}

struct bytes image_contents(const struct image *image, const struct area *area)
{
	struct bytes bytes = { 0 };
	Elf_Data *data;

	if (area->type == SHT_NOBITS || area->type == SHT_NULL)
		return bytes;
	data = elf_rawdata(area->scn, NULL);
	if (!data || (data->d_size && !data->d_buf))
		die("%s: section %s is cut short", image->path, area->name);
	bytes.at = data->d_buf;
	bytes.size = data->d_size;
	return bytes;
}

const struct area *image_area(const struct image *image, const char *name)
{
	size_t i;

	for (i = 1; i < image->nr_areas; i++)
		if (!strcmp(image->areas[i].name, name))
			return &image->areas[i];
	return NULL;
}

const struct area *image_area_at(const struct image *image, uint64_t address)
{
	const struct area *area;

	for (area = image->areas + 1; area < image->areas + image->nr_areas; area++)
		if ((area->flags & SHF_ALLOC) && address >= area->address &&
		    address - area->address < area->size)
			return area;
	return NULL;
}

const unsigned char *image_bytes(const struct image *image, const struct area *area,
				 uint64_t address, uint64_t size)
{
	struct bytes bytes;

	if (!image->module) {
		area = image_area_at(image, address);
		if (area)
			address -= area->address;
	}
	if (!area)
		return NULL;
	bytes = image_contents(image, area);
	if (address > bytes.size || size > bytes.size - address)
		return NULL;
	return bytes.at + address;
}
