/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Huge counts of sections, relocations and symbols: more than the file has, which is
 * to be refused, or many that are there, at its end.
 */
#ifndef KLP_HOSTILE_COUNTS_H
#define KLP_HOSTILE_COUNTS_H

#define MANY_SECTIONS	0xff40	/* one of them is number SHN_LIVEPATCH */
#define MANY		50000

/* ---- room at the end of the file ---- */

/* Moves what is there to the end, and returns it with room for more. */
static void *to_end(struct image *img, size_t from, size_t size, size_t room)
{
	size_t to = (img->len + 7) & ~7ul;

	if (room < size || to + room > IMAGE_MAX)
		errx(1, "no room for so many");
	memcpy(img->data + to, img->data + from, size);
	img->len = to + room;
	return img->data + to;
}

/* The new ones have no type. */
static void more_sections(struct image *img, unsigned int nr)
{
	unsigned char *to = to_end(img, header(img)->e_shoff,
				   header(img)->e_shnum * sizeof(Elf64_Shdr),
				   nr * sizeof(Elf64_Shdr));

	header(img)->e_shoff = to - img->data;
	header(img)->e_shnum = nr;
}

static void *more_contents(struct image *img, unsigned int i, size_t size)
{
	Elf64_Shdr *sec = section(img, i);
	unsigned char *to = to_end(img, sec->sh_offset, sec->sh_size, size);

	sec->sh_offset = to - img->data;
	sec->sh_size = size;
	return to;
}

/* Nothing but the first one does anything. */
static Elf64_Rela *more_relas(struct image *img, unsigned int sec, unsigned int nr)
{
	Elf64_Rela *rela = more_contents(img, sec, nr * sizeof(*rela));
	unsigned int i;

	for (i = 1; i < nr; i++) {
		rela[i] = rela[0];
		set_rela(rela + i, R_KIND, R_X86_64_NONE);
	}
	return rela;
}

static unsigned int more_symbols(struct image *img, unsigned int nr)
{
	unsigned int i, was = count_symbols(img);
	Elf64_Sym *sym = more_contents(img, img->symtab, nr * sizeof(*sym));

	for (i = was; i < nr; i++)
		sym[i] = sym[img->sym[i % img->nr_syms]];
	return nr;
}

/* ---- more than there are: these must be refused ---- */

static void header_count(unsigned int rel, unsigned int nth)
{
	const unsigned int names = header(&img)->e_shstrndx;
	const unsigned int counts[] = {
		0, 1, names / 2, names, 0x7fff, 0xff00, SHN_LIVEPATCH, 0xffff,
	};

	header(&img)->e_shnum = counts[nth];
}

static void header_field(unsigned int rel, unsigned int nth)
{
	Elf64_Ehdr *ehdr = header(&img);

	switch (nth) {
	case 0:
		ehdr->e_shentsize = 0;
		break;
	case 1:
		ehdr->e_shentsize = 0xffff;
		break;
	case 2:
		ehdr->e_shstrndx = ehdr->e_shnum;
		break;
	case 3:
		ehdr->e_shstrndx = 0xffff;
		break;
	case 4:
		ehdr->e_shoff = ~0ull;
		break;
	case 5:
		ehdr->e_shoff = img.len - sizeof(Elf64_Shdr);
		break;
	}
}

/* More than the file has; the third one in no more than the upper 32 bits. */
static void rela_count(unsigned int rel, unsigned int nth)
{
	static const uint64_t counts[] = { MANY, 0xffffffff, 1ull << 32, ~0ull };

	section(&img, rel)->sh_size += counts[nth] * sizeof(Elf64_Rela);
	if (nth == 3)
		section(&img, rel)->sh_size = ~0ull;
}

static void symbol_count(unsigned int rel, unsigned int nth)
{
	static const uint64_t counts[] = { MANY, 0xffffffff, 1ull << 32, ~0ull };

	section(&img, img.symtab)->sh_size += counts[nth] * sizeof(Elf64_Sym);
	if (nth == 3)
		section(&img, img.symtab)->sh_size = ~0ull;
}

/* Far behind the last section, and near what stands for livepatch. */
static void section_index(unsigned int rel, unsigned int nth)
{
	static const unsigned int indices[] = { 0xfeff, 0xff00, 0xff1f, 0xff21, 0xfffe, 0xffff };

	symbol(&img, ELF64_R_SYM(relas(&img, rel)->r_info))->st_shndx = indices[nth];
}

/* ---- many that are there ---- */

/* All but the first one relocate what has been relocated. */
static void relas_again(unsigned int rel, unsigned int nth)
{
	Elf64_Rela *rela = more_relas(&img, rel, MANY);
	unsigned int i;

	for (i = nth ? MANY - 1 : 1; i < MANY; i++)
		rela[i] = rela[0];
}

/* Only the last one is bad. */
static void last_bad(unsigned int rel, unsigned int nth)
{
	Elf64_Rela *last = more_relas(&img, rel, MANY) + MANY - 1;

	switch (nth) {
	case 0:
		last->r_offset = 64;
		break;
	case 1:
		set_rela(last, R_SYMBOL, count_symbols(&img));
		break;
	case 2:
		set_rela(last, R_SYMBOL, ~0u);
		break;
	case 3:
		set_rela(last, R_KIND, 255);
		break;
	}
}

static void behind_many_symbols(unsigned int rel, unsigned int nth)
{
	unsigned int nr = more_symbols(&img, MANY);

	set_rela(relas(&img, rel), R_SYMBOL, nr + nth);
}

/* The first one does what all the others do. */
static void sections_again(unsigned int rel, unsigned int nth)
{
	unsigned int i, nr = header(&img)->e_shnum;
	char name[64];

	more_sections(&img, nr + 100);
	for (i = nr; i < nr + 100; i++) {
		*section(&img, i) = *section(&img, rel);
		snprintf(name, sizeof(name), "%s%u", section_name(&img, rel), i);
		rename_section(&img, i, name);
	}
}

static const struct planned_edit refused_counts[] = {
	{ "section count", header_count, 8, .once = true },
	{ "section count", header_field, 6, .once = true },
	{ "relocation count", rela_count, 4 },
	{ "symbol count", symbol_count, 4, .once = true },
	{ "section index", section_index, 6 },
	{ "many relocations", relas_again, 2 },
	{ "many relocations", last_bad, 4 },
	{ "many symbols", behind_many_symbols, 2 },
	{ "many sections", sections_again, 1 },
};

/* ---- many that work, or are refused ---- */

/* The livepatch sections are the last ones, and some of them are not to be had. */
static void cut_sections(unsigned int rel, unsigned int nth)
{
	header(&img)->e_shnum = rel - nth;
}

static void many_sections(unsigned int rel, unsigned int nth)
{
	static const unsigned int counts[] = { 1000, 0x4000, MANY_SECTIONS };

	more_sections(&img, counts[nth]);
}

/* Livepatch sections, without relocations. */
static void empty_sections(unsigned int rel, unsigned int nth)
{
	unsigned int i, nr = header(&img)->e_shnum;

	more_sections(&img, nth ? 0x4000 : 1000);
	for (i = nr; i < header(&img)->e_shnum; i++) {
		*section(&img, i) = *section(&img, rel);
		section(&img, i)->sh_size = 0;
	}
}

/* Of one symbol, or of two in turn. */
static void many_relas(unsigned int rel, unsigned int nth)
{
	unsigned int other = ELF64_R_SYM(relas(&img, rel)[1].r_info), i;
	Elf64_Rela *rela = more_relas(&img, rel, MANY);

	for (i = 1; nth && i < MANY; i += 2)
		set_rela(rela + i, R_SYMBOL, other);
}

/* The first relocation is one with the last of them, too. */
static void many_symbols(unsigned int rel, unsigned int nth)
{
	unsigned int was = ELF64_R_SYM(relas(&img, rel)->r_info), last;

	last = more_symbols(&img, MANY) - 1;
	*symbol(&img, last) = *symbol(&img, was);
	if (nth)
		set_rela(relas(&img, rel), R_SYMBOL, last);
}

/* How large an entry is, and how many symbols are local, nobody has to believe. */
static void entry_size(unsigned int rel, unsigned int nth)
{
	unsigned int i = nth & 1 ? img.symtab : rel;

	section(&img, i)->sh_entsize = nth & 2 ? ~0ull : 0;
	if (nth & 1)
		section(&img, i)->sh_info = nth & 2 ? ~0u : 0;
}

static const struct planned_edit odd_counts[] = {
	{ "section count", cut_sections, 2 },
	{ "many sections", many_sections, 3, .once = true },
	{ "many sections", empty_sections, 2 },
	{ "many relocations", many_relas, 2 },
	{ "many symbols", many_symbols, 2 },
	{ "entry size", entry_size, 4 },
};

#endif
