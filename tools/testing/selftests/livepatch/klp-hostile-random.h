/* SPDX-License-Identifier: GPL-2.0 */
/* Random ways to make a good livepatch module a bad one, in any combination. */
#ifndef KLP_HOSTILE_RANDOM_H
#define KLP_HOSTILE_RANDOM_H

#include "klp-hostile-edits.h"

static uint64_t odd_value(uint64_t was)
{
	switch (below(4)) {
	case 0:
		return was ^ 1ull << below(64);
	case 1:
		return was + below(33) - 16;
	case 2:
		return rnd() >> below(64);
	}
	return odd_values[below(NR_VALUES)];
}

static unsigned int some_rela(struct image *img)
{
	return img->rela[below(img->nr_relas)];
}

static unsigned int some_symbol(struct image *img)
{
	return img->sym[below(img->nr_syms)];
}

static Elf64_Rela *some_entry(struct image *img)
{
	unsigned int sec = some_rela(img), nr = count_relas(img, sec);

	if (!nr || section(img, sec)->sh_offset + section(img, sec)->sh_size > img->len ||
	    section(img, sec)->sh_offset > img->len)
		return (Elf64_Rela *)(img->data + img->len - sizeof(Elf64_Rela));
	return relas(img, sec) + below(nr);
}

static void random_header(struct image *img)
{
	unsigned int i = some_rela(img);
	int field = below(NR_SH_FIELDS);
	const Elf64_Shdr *sec = section(img, i);
	const uint64_t was[NR_SH_FIELDS] = {
		[SH_TYPE] = sec->sh_type, [SH_FLAGS] = sec->sh_flags, [SH_OFFSET] = sec->sh_offset,
		[SH_SIZE] = sec->sh_size, [SH_LINK] = sec->sh_link,
	};

	if (field == SH_TYPE && below(2))
		set_header(img, i, field, below(20));
	else if (field == SH_INFO)
		set_header(img, i, field, below(NR_TARGETS));
	else
		set_header(img, i, field, odd_value(was[field]));
}

static void random_target(struct image *img)
{
	static const uint32_t types[] = {
		SHT_NOBITS, SHT_NOTE, SHT_STRTAB, SHT_RELA, SHT_REL, SHT_HASH,
	};
	Elf64_Shdr *sec = section(img, odd_target(img, 1 + below(2)));

	if (below(2))
		sec->sh_type = types[below(NR(types))];
	if (below(2))
		sec->sh_size = odd_values[below(NR_VALUES)];
	if (!below(4))
		sec->sh_flags ^= SHF_WRITE;
	/* As relocations they would be the loader's own affair */
	if (sec->sh_type == SHT_RELA || sec->sh_type == SHT_REL)
		sec->sh_info = ~0u;
}

static void random_rela(struct image *img)
{
	Elf64_Rela *rela = some_entry(img);
	int field = below(NR_R_FIELDS);
	const uint64_t was[] = {
		[R_OFFSET] = rela->r_offset, [R_SYMBOL] = ELF64_R_SYM(rela->r_info),
		[R_KIND] = ELF64_R_TYPE(rela->r_info), [R_ADDEND] = rela->r_addend,
	};

	set_rela(rela, field, field == R_SYMBOL && below(2) ? some_symbol(img) :
		 field == R_KIND && below(2) ? below(40) : odd_value(was[field]));
}

static void random_symbol(struct image *img)
{
	unsigned int i = some_symbol(img);
	int field = below(NR_ST_FIELDS);
	const Elf64_Sym *sym = symbol(img, i);
	const uint64_t was[] = { sym->st_name, sym->st_info, sym->st_other, sym->st_shndx,
				 sym->st_value, sym->st_size };

	set_symbol(img, i, field, odd_value(was[field]));
}

static void garble(char *name)
{
	static const char chars[] = "..,,0123456789/%\n\x01\xff aklp_";
	size_t len = strlen(name);

	if (len)
		name[below(len)] = below(8) ? chars[below(sizeof(chars))] : '\0';
}

static void random_symbol_name(struct image *img)
{
	unsigned int i = some_symbol(img), nr = 1 + below(3);
	char *names = (char *)img->data + names_of_symbols(img)->sh_offset;

	if (below(2)) {
		name_symbol(img, i, frames[below(2) ? 0 : below(NR(frames))],
			    below(99), below(99), below(99));
		return;
	}
	while (nr--)
		garble(names + symbol(img, i)->st_name);
}

static void random_section_name(struct image *img)
{
	unsigned int i = some_rela(img), nr = 1 + below(3);

	if (below(2)) {
		name_section(img, i, frames[below(2) ? 0 : below(NR(frames))], below(99));
		return;
	}
	while (nr-- && section(img, i)->sh_name < names_of_sections(img)->sh_size)
		garble(section_name(img, i));
}

static void random_copy(struct image *img)
{
	switch (below(3)) {
	case 0:
		*section(img, some_rela(img)) = *section(img, some_rela(img));
		break;
	case 1:
		*some_entry(img) = *some_entry(img);
		break;
	case 2:
		*symbol(img, some_symbol(img)) = *symbol(img, some_symbol(img));
		break;
	}
}

/* Names that end where their table ends: the room behind it is full, up to the file's end. */
static void unterminate(struct image *img, Elf64_Shdr *names, size_t used)
{
	memset(img->data + names->sh_offset + used, 'A', names->sh_size - used + 1);
	names->sh_size = used + 1 + below(64);
}

static void random_tables(struct image *img)
{
	switch (below(4)) {
	case 0:
		unterminate(img, names_of_symbols(img), img->new_symbol_name);
		symbol(img, some_symbol(img))->st_name =
			names_of_symbols(img)->sh_size - 1;
		break;
	case 1:
		unterminate(img, names_of_sections(img), img->new_section_name);
		break;
	case 2:
		section(img, img->symtab)->sh_link = below(2) ? header(img)->e_shstrndx : rnd();
		break;
	case 3:
		replace_text(img, "livepatch=Y", below(2) ? "livepatch=N" : "livepatcx=Y");
		break;
	}
}

struct way {
	const char *name;
	void (*edit)(struct image *img);
};

static const struct way file_ways[] = {
	{ "section header", random_header },
	{ "target section", random_target },
	{ "relocation", random_rela },
	{ "symbol", random_symbol },
	{ "symbol name", random_symbol_name },
	{ "section name", random_section_name },
	{ "copies", random_copy },
	{ "string tables and tag", random_tables },
};

/* ---- the table of checksums ---- */

/* Pointers are relocations: they point elsewhere, or hold what stands there. */
static void random_sum(struct image *img)
{
	const char *name = below(2) ? ".klp.verify.1" : ".data.sums";
	unsigned int i = find_section(img, name), rel = i + 1;
	Elf64_Shdr *sec = section(img, i);
	unsigned char *contents = img->data + sec->sh_offset;
	Elf64_Rela *rela;

	switch (below(4)) {
	case 0:
		rela = relas(img, rel) + below(count_relas(img, rel));
		rela->r_addend = odd_value(rela->r_addend);
		break;
	case 1:
		rela = relas(img, rel) + below(count_relas(img, rel));
		rela->r_info = ELF64_R_INFO(ELF64_R_SYM(rela->r_info), 0);
		*(uint64_t *)(contents + rela->r_offset) =
			below(2) ? 0xffffffff80000000ull | rnd() : odd_values[below(NR_VALUES)];
		break;
	case 2:
		*(uint32_t *)(contents + 4 * below(sec->sh_size / 4)) = odd_value(0);
		break;
	case 3:
		contents[below(sec->sh_size)] ^= 1 << below(8);
		break;
	}
}

static const struct way sum_ways[] = {
	{ "checksum table", random_sum },
};

#endif
