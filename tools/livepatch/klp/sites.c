// SPDX-License-Identifier: GPL-2.0
/*
 * Places that the running kernel rewrites, as the tables in the object say.
 *
 * vmlinux has the tables between symbols, and their entries are settled.  A module has
 * them as sections, and what their entries point to is in relocations.
 *
 * Only what is rewritten from the start of a function on matters: call padding, hashes of
 * kCFI and preambles of FineIBT stand before it.
 */
#include "build.h"
#include "sites.h"

/* Longest reach of a site beyond its address. */
#define SITE_MAX	256

struct table {
	const char *section, *start, *stop;
	unsigned int entry;		/* bytes of an entry */
	bool absolute;			/* starts with an address, not an offset from itself */
	uint16_t size;			/* of the site, SITE_INSN, or SITE_SAYS */
	unsigned int says;		/* where in the entry the size of the site is */
};

#define SITE_SAYS	0xffff

#define BETWEEN(name)	"__start_" name, "__stop_" name
#define UP_TO_END(name)	"__" name, "__" name "_end"

static const struct table tables[] = {
	{ "__mcount_loc", BETWEEN("mcount_loc"), 8, true, 5, 0 },
	{ ".altinstructions", UP_TO_END("alt_instructions"), 14, false, SITE_SAYS, 12 },
	{ "__jump_table", BETWEEN("__jump_table"), 16, false, SITE_INSN, 0 },
	{ ".static_call_sites", BETWEEN("static_call_sites"), 8, false, SITE_INSN, 0 },
	{ ".retpoline_sites", UP_TO_END("retpoline_sites"), 4, false, SITE_INSN, 0 },
	{ ".return_sites", UP_TO_END("return_sites"), 4, false, SITE_INSN, 0 },
	{ ".call_sites", UP_TO_END("call_sites"), 4, false, SITE_INSN, 0 },
	{ ".ibt_endbr_seal", UP_TO_END("ibt_endbr_seal"), 4, false, 4, 0 },
	/* a preamble of 16 bytes, then the endbr of the function */
	{ ".cfi_sites", UP_TO_END("cfi_sites"), 4, false, 20, 0 },
	{ ".smp_locks", UP_TO_END("smp_locks"), 4, false, 1, 0 },
	{ ".parainstructions", UP_TO_END("parainstructions"), 16, true, SITE_SAYS, 9 },
};

/* Constants that boot settles: their sections are called runtime_<kind>_<variable>. */
static const struct { const char *prefix; struct table table; } runtime[] = {
	{ "runtime_ptr_", { "runtime constants", NULL, NULL, 4, false, 8, 0 } },
	{ "runtime_shift_", { "runtime constants", NULL, NULL, 4, false, 1, 0 } },
	{ "runtime_mask_", { "runtime constants", NULL, NULL, 4, false, 4, 0 } },
};

/* ---- Relocations ------------------------------------------------------------------ */

static void relocs_of(const struct image *image, const struct area *rela, reloc_fn fn, void *arg)
{
	Elf_Data *data = elf_getdata(rela->scn, NULL);
	struct reloc reloc;
	GElf_Rela entry;
	size_t i;

	for (i = 0; data && i < data->d_size / sizeof(Elf64_Rela); i++) {
		if (!gelf_getrela(data, (int)i, &entry) ||
		    GELF_R_SYM(entry.r_info) >= image->nr_symbols)
			die("%s: section %s: relocation %zu is broken", image->path, rela->name, i);
		reloc.offset = entry.r_offset;
		reloc.type = (uint32_t)GELF_R_TYPE(entry.r_info);
		reloc.symbol = &image->symbols[GELF_R_SYM(entry.r_info)];
		reloc.addend = entry.r_addend;
		fn(&reloc, arg);
	}
}

void image_relocs(const struct image *image, const struct area *area, reloc_fn fn, void *arg)
{
	size_t index = (size_t)(area - image->areas), i;

	for (i = 1; i < image->nr_areas; i++)
		if (image->areas[i].type == SHT_RELA && image->areas[i].info == index)
			relocs_of(image, &image->areas[i], fn, arg);
}

/* ---- One table -------------------------------------------------------------------- */

struct reader {
	const struct image *image;
	struct sites *sites;
	const struct table *table;
	struct bytes bytes;
	uint64_t address;		/* in vmlinux */
	size_t found;
};

static bool is_code(const struct image *image, size_t area, uint64_t address)
{
	const struct area *at = image->module ? &image->areas[area] : image_area_at(image, address);

	return at && (at->flags & SHF_EXECINSTR) && address - at->address <= at->size;
}

static void add_site(struct reader *reader, size_t entry, size_t area, uint64_t address)
{
	const struct table *table = reader->table;
	struct site *site;

	reader->found++;
	if (!is_code(reader->image, area, address)) {
		if (!table->absolute)	/* a weak function that lost has no place any more */
			reader->sites->why = mem_printf("the table %s of %s is not understood",
							table->section, reader->image->path);
		return;
	}
	site = list_add(&reader->sites->list);
	site->area = area;
	site->address = address;
	site->table = table->section;
	site->size = table->size == SITE_SAYS ? reader->bytes.at[entry + table->says] : table->size;
	if (table->size == SITE_SAYS && !site->size)
		reader->sites->list.nr--;	/* nothing is rewritten */
}

static void add_relocated(const struct reloc *reloc, void *arg)
{
	struct reader *reader = arg;
	size_t entry = reader->table->entry;

	if (reloc->offset % entry || reloc->offset > reader->bytes.size ||
	    entry > reader->bytes.size - reloc->offset)
		return;
	add_site(reader, reloc->offset, reloc->symbol->area,
		 reloc->symbol->value + (uint64_t)reloc->addend);
}

static uint64_t settled(const struct reader *reader, size_t at)
{
	uint64_t address;
	int32_t offset;

	if (reader->table->absolute) {
		memcpy(&address, reader->bytes.at + at, sizeof(address));
		return address;
	}
	memcpy(&offset, reader->bytes.at + at, sizeof(offset));
	/* tables are filled up with zeroes to the end of a page */
	return offset ? reader->address + at + (uint64_t)(int64_t)offset : 0;
}

static void add_settled(struct reader *reader)
{
	uint64_t address;
	size_t at;

	for (at = 0; at + reader->table->entry <= reader->bytes.size; at += reader->table->entry) {
		address = settled(reader, at);
		if (address)
			add_site(reader, at, 0, address);
		else
			reader->found++;
	}
}

static void read_table(struct reader *reader, const struct area *area)
{
	size_t nr = reader->bytes.size / reader->table->entry;

	reader->found = 0;
	if (reader->image->module)
		image_relocs(reader->image, area, add_relocated, reader);
	else
		add_settled(reader);
	if (reader->found != nr || reader->bytes.size % reader->table->entry)
		reader->sites->why = mem_printf("the table %s of %s is not understood",
						reader->table->section, reader->image->path);
}

/* ---- All tables ------------------------------------------------------------------- */

static void read_between(struct reader *reader)
{
	const struct symbol *start = image_symbol(reader->image, reader->table->start);
	const struct symbol *stop = image_symbol(reader->image, reader->table->stop);
	uint64_t size;

	if (!start && !stop)
		return;			/* this kernel has no such table */
	size = start && stop ? stop->value - start->value : 0;
	reader->address = start ? start->value : 0;
	reader->bytes.at = (unsigned char *)image_bytes(reader->image, NULL, reader->address, size);
	reader->bytes.size = size;
	if (start && stop && !size)
		return;
	if (!start || !stop || !reader->bytes.at)
		reader->sites->why = mem_printf("the table %s of %s cannot be read",
						reader->table->section, reader->image->path);
	else
		read_table(reader, NULL);
}

static void read_area(struct reader *reader, const struct area *area)
{
	reader->bytes = image_contents(reader->image, area);
	reader->address = area->address;
	if (area->size && !reader->bytes.at)
		reader->sites->why = mem_printf("section %s of %s is empty: " TAKE_INSTALLED,
						area->name, reader->image->path);
	else
		read_table(reader, area);
}

static void read_areas_called(struct reader *reader, const char *name)
{
	size_t i;

	for (i = 1; i < reader->image->nr_areas; i++)
		if (!strcmp(reader->image->areas[i].name, name))
			read_area(reader, &reader->image->areas[i]);
}

static void read_runtime(struct reader *reader, const struct area *area)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(runtime); i++) {
		if (!str_starts(area->name, runtime[i].prefix))
			continue;
		reader->table = &runtime[i].table;
		read_area(reader, area);
		return;
	}
	reader->sites->why = mem_printf("section %s of %s is not known", area->name,
					reader->image->path);
}

static int compare_sites(const void *a, const void *b)
{
	const struct site *left = a, *right = b;

	if (left->area != right->area)
		return left->area < right->area ? -1 : 1;
	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return 0;
}

const struct sites *image_sites(struct image *image)
{
	struct reader reader = { .image = image };
	size_t i;

	if (image->sites)
		return image->sites;
	image->sites = reader.sites = mem_alloc(sizeof(*image->sites));
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		reader.table = &tables[i];
		if (image->module)
			read_areas_called(&reader, tables[i].section);
		else
			read_between(&reader);
	}
	for (i = 1; i < image->nr_areas; i++)
		if (str_starts(image->areas[i].name, "runtime_"))
			read_runtime(&reader, &image->areas[i]);
	if (image->sites->list.nr)
		qsort(image->sites->list.at, image->sites->list.nr, sizeof(struct site),
		      compare_sites);
	return image->sites;
}

const struct site *sites_from(const struct sites *sites, size_t area, uint64_t address)
{
	struct site from = { .area = area };
	size_t low = 0, high = sites->list.nr, middle;

	from.address = address > SITE_MAX ? address - SITE_MAX : 0;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_sites(&sites->list.at[middle], &from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return sites->list.at + low;
}
