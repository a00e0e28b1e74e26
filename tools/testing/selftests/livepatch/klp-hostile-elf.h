/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A module in memory: finding its parts, changing them, and what is kept out.
 *
 * The names of sections and symbols are moved to the end of the file, with room for
 * new ones behind them.
 */
#ifndef KLP_HOSTILE_ELF_H
#define KLP_HOSTILE_ELF_H

#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH		0xff20
#endif
#ifndef SHF_RELA_LIVEPATCH
#define SHF_RELA_LIVEPATCH	0x00100000
#endif
#define SHF_RO_AFTER_INIT	0x00200000

#define TARGET		"klp_test_tgt_00"	/* what the patch is for */
#define IMAGE_MAX	(8 << 20)
#define NAMES_ROOM	(16 << 10)
#define RELAS_MAX	8	/* livepatch relocation sections */
#define SYMS_MAX	16	/* livepatch symbols */

struct image {
	size_t len;
	unsigned int symtab, strtab;	/* sections */
	unsigned int nr_relas, nr_syms;
	unsigned int rela[RELAS_MAX];	/* sections */
	unsigned int sym[SYMS_MAX];	/* symbols */
	size_t new_section_name, new_symbol_name;
	unsigned char data[IMAGE_MAX];	/* zero behind len */
};

/* ---- random numbers ---- */

static uint64_t random_state;

static uint64_t rnd(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static unsigned int below(unsigned int n)
{
	return n ? rnd() % n : 0;
}

static const uint64_t odd_values[] = {
	0, 1, 2, 4, 7, 8, 0x17, 0x18, 0x19, 0x38, 0x39, 0x3c, 0x40, 0x41, 0xff, 0xfff, 0x1000,
	0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
	0x100000000ull, 0x100000018ull, 1ull << 63, ~7ull, ~0ull,
};

#define NR(array)	(sizeof(array) / sizeof(*(array)))

/* ---- the whole ---- */

static void copy_image(struct image *img, const struct image *from)
{
	if (img->len > from->len)
		memset(img->data + from->len, 0, img->len - from->len);
	memcpy(img, from, offsetof(struct image, data) + from->len);
}

/* ---- parts ---- */

static Elf64_Ehdr *header(struct image *img)
{
	return (Elf64_Ehdr *)img->data;
}

static Elf64_Shdr *section(struct image *img, unsigned int i)
{
	return (Elf64_Shdr *)(img->data + header(img)->e_shoff) + i;
}

static Elf64_Shdr *names_of_sections(struct image *img)
{
	return section(img, header(img)->e_shstrndx);
}

static char *section_name(struct image *img, unsigned int i)
{
	const Elf64_Shdr *names = names_of_sections(img);

	if (section(img, i)->sh_name >= names->sh_size)
		return (char *)img->data + img->len;
	return (char *)img->data + names->sh_offset + section(img, i)->sh_name;
}

static unsigned int find_section(struct image *img, const char *name)
{
	unsigned int i;

	for (i = 1; i < header(img)->e_shnum; i++)
		if (!strcmp(section_name(img, i), name))
			return i;
	errx(1, "the module has no section %s", name);
}

static unsigned int find_symtab(struct image *img)
{
	unsigned int i;

	for (i = 1; i < header(img)->e_shnum; i++)
		if (section(img, i)->sh_type == SHT_SYMTAB)
			return i;
	errx(1, "the module has no symbols");
}

static Elf64_Shdr *names_of_symbols(struct image *img)
{
	return section(img, img->strtab);
}

static unsigned int count_symbols(struct image *img)
{
	return section(img, img->symtab)->sh_size / sizeof(Elf64_Sym);
}

static Elf64_Sym *symbol(struct image *img, unsigned int i)
{
	return (Elf64_Sym *)(img->data + section(img, img->symtab)->sh_offset) + i;
}

static Elf64_Rela *relas(struct image *img, unsigned int sec)
{
	return (Elf64_Rela *)(img->data + section(img, sec)->sh_offset);
}

static unsigned int count_relas(struct image *img, unsigned int sec)
{
	return section(img, sec)->sh_size / sizeof(Elf64_Rela);
}

/* ---- changes ---- */

static size_t add_name(struct image *img, Elf64_Shdr *names, size_t *next, const char *name)
{
	size_t len = strlen(name) + 1, at = *next;

	if (at + len >= names->sh_size)
		errx(1, "no room for another name");
	memcpy(img->data + names->sh_offset + at, name, len);
	*next += len;
	return at;
}

static void rename_section(struct image *img, unsigned int i, const char *name)
{
	section(img, i)->sh_name = add_name(img, names_of_sections(img),
					    &img->new_section_name, name);
}

static void rename_symbol(struct image *img, unsigned int i, const char *name)
{
	symbol(img, i)->st_name = add_name(img, names_of_symbols(img),
					   &img->new_symbol_name, name);
}

static void replace_text(struct image *img, const char *from, const char *to)
{
	void *at = memmem(img->data, img->len, from, strlen(from));

	if (at)
		memcpy(at, to, strlen(to));
}

/* ---- reading ---- */

static void read_image(struct image *img, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, img->data, IMAGE_MAX - 6 * NAMES_ROOM);

	if (len <= 0)
		err(1, "%s", path);
	close(fd);
	img->len = len;
}

static size_t move_names(struct image *img, Elf64_Shdr *names)
{
	size_t used = names->sh_size, to = (img->len + 7) & ~7ul;

	if (to + used + NAMES_ROOM > IMAGE_MAX)
		errx(1, "the module is too large");
	memcpy(img->data + to, img->data + names->sh_offset, used);
	names->sh_offset = to;
	names->sh_size = used + NAMES_ROOM / 2;
	img->len = to + used + NAMES_ROOM;
	return used;
}

/* Reads the good patch, and finds what is to be made bad. */
static void read_patch(struct image *img, const char *path)
{
	unsigned int i;

	read_image(img, path);
	img->symtab = find_symtab(img);
	img->strtab = section(img, img->symtab)->sh_link;
	img->new_section_name = move_names(img, names_of_sections(img));
	img->new_symbol_name = move_names(img, names_of_symbols(img));
	for (i = 1; i < header(img)->e_shnum; i++)
		if (section(img, i)->sh_flags & SHF_RELA_LIVEPATCH && img->nr_relas < RELAS_MAX)
			img->rela[img->nr_relas++] = i;
	for (i = 1; i < count_symbols(img); i++)
		if (symbol(img, i)->st_shndx == SHN_LIVEPATCH && img->nr_syms < SYMS_MAX)
			img->sym[img->nr_syms++] = i;
	if (!img->nr_relas || !img->nr_syms)
		errx(1, "%s: no livepatch relocations", path);
}

/* ---- what is kept out ---- */

/*
 * What the loader believes of any module, livepatch or not, is left as it is, or put
 * back, since livepatch is asked too late: the layout of sections without contents in
 * the file, alignment, ordinary relocations, sections with the same name, and names of
 * symbols that are out of range.  Everything
 * else of the module, its code and the tables that the loader makes of it, is not
 * touched to begin with: it runs in the kernel as it likes.
 */

static bool in_file(struct image *img, const Elf64_Shdr *sec)
{
	return sec->sh_offset <= img->len && sec->sh_size <= img->len - sec->sh_offset;
}

/* Memory for it is counted in 32 bits, and nothing is copied there. */
static void keep_layout(struct image *img, Elf64_Shdr *sec, const Elf64_Shdr *was)
{
	uint32_t low = sec->sh_size;

	if (sec->sh_type == SHT_NULL) {
		sec->sh_name = was->sh_name;
		if (!in_file(img, sec)) {
			sec->sh_offset = was->sh_offset;
			sec->sh_size = was->sh_size;
		}
	}
	if (sec->sh_type == SHT_NOBITS && low > 0x10000 && low != 0x7fffffff)
		sec->sh_size = was->sh_size;
	if (sec->sh_addralign & (sec->sh_addralign - 1) || sec->sh_addralign > 4096)
		sec->sh_addralign = was->sh_addralign;
	sec->sh_flags &= ~(uint64_t)SHF_RO_AFTER_INIT;
}

/* No longer a section of ours: then it has to be one that does no harm. */
static bool ordinary_is_sound(struct image *img, const Elf64_Shdr *sec, unsigned int nr_syms)
{
	const Elf64_Rela *rela = (Elf64_Rela *)(img->data + sec->sh_offset);
	unsigned int i, nr = sec->sh_size / sizeof(*rela);
	const Elf64_Shdr *target = section(img, sec->sh_info);

	if (sec->sh_info >= header(img)->e_shnum || !(target->sh_flags & SHF_ALLOC))
		return true;
	if (!in_file(img, sec) || !strstr(section_name(img, sec->sh_info), ".hostile"))
		return false;
	for (i = 0; i < nr; i++)
		if (ELF64_R_SYM(rela[i].r_info) >= nr_syms || target->sh_size < 64 ||
		    rela[i].r_offset > target->sh_size - 8 || target->sh_size > 4096)
			return false;
	return true;
}

/* Allocated sections have a file each in sysfs, which are called after them. */
static bool is_named_twice(struct image *img, unsigned int sec)
{
	unsigned int i;

	for (i = 1; i < header(img)->e_shnum; i++)
		if (i != sec && !strcmp(section_name(img, i), section_name(img, sec)))
			return true;
	return false;
}

/* The loader would name it in a line that is too long for the log, and comes late. */
static void keep_name_ours(struct image *img, Elf64_Sym *sym)
{
	const char *name = (char *)img->data + names_of_symbols(img)->sh_offset + sym->st_name;

	if (strlen(name) > 500)
		sym->st_shndx = SHN_LIVEPATCH;
}

static void keep_out(struct image *img, struct image *was)
{
	unsigned int i, nr_syms = count_symbols(was);
	Elf64_Shdr *sec;

	for (i = 1; i < header(img)->e_shnum; i++)
		if (memcmp(section(img, i), section(was, i), sizeof(*sec)))
			keep_layout(img, section(img, i), section(was, i));
	for (i = 0; i < was->nr_syms; i++)
		keep_name_ours(img, symbol(img, was->sym[i]));
	for (i = 0; i < was->nr_relas; i++) {
		sec = section(img, was->rela[i]);
		if (is_named_twice(img, was->rela[i]))
			sec->sh_name = section(was, was->rela[i])->sh_name;
		if (sec->sh_type == SHT_RELA && !(sec->sh_flags & SHF_RELA_LIVEPATCH) &&
		    !ordinary_is_sound(img, sec, nr_syms))
			sec->sh_flags |= SHF_RELA_LIVEPATCH;
	}
}

/* ---- is it still the good one? ---- */

/* A name that is the same but stands elsewhere is put back, and spare ones are dropped. */
static void without_spare_names(struct image *img, struct image *was)
{
	size_t sections = names_of_sections(was)->sh_offset;
	size_t symbols = names_of_symbols(was)->sh_offset;
	unsigned int i;

	for (i = 0; i < was->nr_relas; i++)
		if (!strcmp(section_name(img, was->rela[i]), section_name(was, was->rela[i])))
			section(img, was->rela[i])->sh_name = section(was, was->rela[i])->sh_name;
	for (i = 0; i < was->nr_syms; i++) {
		Elf64_Sym *sym = symbol(img, was->sym[i]), *old = symbol(was, was->sym[i]);

		if (!strcmp((char *)img->data + symbols + sym->st_name,
			    (char *)was->data + symbols + old->st_name))
			sym->st_name = old->st_name;
	}
	memset(img->data + sections + was->new_section_name, 0, NAMES_ROOM);
	memset(img->data + symbols + was->new_symbol_name, 0, NAMES_ROOM);
}

/* Only of the same length and header: then its parts are found as the good one's are. */
static bool is_mutated(const struct image *img, struct image *was)
{
	static struct image plain;

	if (img->len != was->len || memcmp(img->data, was->data, sizeof(Elf64_Ehdr)))
		return true;
	copy_image(&plain, img);
	without_spare_names(&plain, was);
	return memcmp(plain.data, was->data, was->len);
}

#endif
