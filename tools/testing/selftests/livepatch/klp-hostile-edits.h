/* SPDX-License-Identifier: GPL-2.0 */
/* What can be wrong with a livepatch module: fields, values and names. */
#ifndef KLP_HOSTILE_EDITS_H
#define KLP_HOSTILE_EDITS_H

#include "klp-hostile-elf.h"

/* ---- where ---- */

/* What a relocation section may be told to relocate. */
static unsigned int odd_target(struct image *img, unsigned int nth)
{
	unsigned int nr = header(img)->e_shnum;
	const unsigned int targets[] = {
		find_section(img, ".text.hostile"), find_section(img, ".data.hostile"),
		find_section(img, ".init.data.hostile"), img->symtab,
		img->strtab, header(img)->e_shstrndx,
		img->rela[0], img->rela[img->nr_relas - 1],
		find_section(img, ".gnu.linkonce.this_module"), find_section(img, ".modinfo"),
		find_section(img, ".comment"), 0, nr, nr + 1, 0xff20, 0xffff, 0x10000, ~0u,
	};

	return nth < NR(targets) ? targets[nth] : targets[nth % NR(targets)];
}

#define NR_TARGETS	18
#define NR_VALUES	NR(odd_values)

/* ---- one field, one value ---- */

enum {
	SH_NAME, SH_TYPE, SH_FLAGS, SH_OFFSET, SH_SIZE, SH_LINK, SH_INFO, SH_ALIGN, SH_ENTSIZE,
	NR_SH_FIELDS
};

enum { R_OFFSET, R_SYMBOL, R_KIND, R_ADDEND, NR_R_FIELDS };
enum { ST_NAME, ST_INFO, ST_OTHER, ST_SHNDX, ST_VALUE, ST_SIZE, NR_ST_FIELDS };

/* Not the name of another section: the loader would take it for what it is called. */
static uint32_t name_within(struct image *img, const Elf64_Shdr *sec, uint64_t value)
{
	const Elf64_Shdr *names = names_of_sections(img);
	size_t len;

	if (value >= names->sh_size || sec->sh_name >= names->sh_size)
		return value >= names->sh_size ? value : sec->sh_name;
	len = strlen((char *)img->data + names->sh_offset + sec->sh_name);
	return sec->sh_name + value % (len + 1);
}

static void set_header(struct image *img, unsigned int i, int field, uint64_t value)
{
	Elf64_Shdr *sec = section(img, i);

	switch (field) {
	case SH_NAME:
		sec->sh_name = name_within(img, sec, value);
		break;
	case SH_TYPE:
		sec->sh_type = value;
		break;
	case SH_FLAGS:
		sec->sh_flags = value;
		break;
	case SH_OFFSET:
		sec->sh_offset = value;
		break;
	case SH_SIZE:
		sec->sh_size = value;
		break;
	case SH_LINK:
		sec->sh_link = value;
		break;
	case SH_INFO:
		sec->sh_info = odd_target(img, value);
		break;
	case SH_ALIGN:
		sec->sh_addralign = value;
		break;
	case SH_ENTSIZE:
		sec->sh_entsize = value;
		break;
	}
}

static void set_rela(Elf64_Rela *rela, int field, uint64_t value)
{
	switch (field) {
	case R_OFFSET:
		rela->r_offset = value;
		break;
	case R_SYMBOL:
		rela->r_info = ELF64_R_INFO(value, ELF64_R_TYPE(rela->r_info));
		break;
	case R_KIND:
		rela->r_info = ELF64_R_INFO(ELF64_R_SYM(rela->r_info), (uint32_t)value);
		break;
	case R_ADDEND:
		rela->r_addend = value;
		break;
	}
}

static void set_symbol(struct image *img, unsigned int i, int field, uint64_t value)
{
	Elf64_Sym *sym = symbol(img, i);

	switch (field) {
	case ST_NAME:	/* the loader looks for its end without asking where the table has its */
		sym->st_name = value % names_of_symbols(img)->sh_size;
		break;
	case ST_INFO:
		sym->st_info = value;
		break;
	case ST_OTHER:
		sym->st_other = value;
		break;
	case ST_SHNDX:
		sym->st_shndx = value;
		break;
	case ST_VALUE:
		sym->st_value = value;
		break;
	case ST_SIZE:
		sym->st_size = value;
		break;
	}
}

/* ---- names ---- */

/* '#' stands for as many x as the number behind it says. */
static const char *const object_names[] = {
	"vmlinux", "klp_test_tgt_00", "klp_test_absent", "klp_test_hostile", "", ".", "..", "/",
	"a/b", "%s%n", "\xff\xfe", "vm linux", "vmlinux\n", "livepatch", "#55", "#56", "#57",
	"#400", "#4000",
};

static const char *const symbol_names[] = {
	"task_curr", "tgt_secret_nr", "klp_test_none", "", "%s%n", "\x80", "#511", "#512", "#513",
	"#4000", "__this_module", "init_module", ".klp.sym.vmlinux.x,0", "task_curr.cold",
};

static const char *const positions[] = {
	",0", ",1", ",2", "", ",", ",-1", ",+1", ",01", ",0x1", ", 1", ",1 ", ",1a", ",,", ",0,0",
	",18446744073709551615", ",18446744073709551616", ",99999999999999999999999999999",
};

static const char *const frames[] = {
	"%s%s.%s%s", "%s%s%s%s", "%s.%s.%s%s", "%s%s..%s%s", "x%s%s.%s%s",
};

static const char *spelled(const char *name, char *buf)
{
	unsigned int nr;

	if (*name != '#')
		return name;
	nr = atoi(name + 1);
	memset(buf, 'x', nr);
	buf[nr] = '\0';
	return buf;
}

static void odd_name(char *buf, const char *prefix, const char *frame, const char *object,
		     const char *rest, const char *tail)
{
	char a[4096], b[4096];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(buf, 9000, frame, prefix, spelled(object, a), spelled(rest, b), tail);
#pragma GCC diagnostic pop
}

/* Instead of the last name that was added: those of one image are not many. */
static void name_symbol(struct image *img, unsigned int i, const char *frame, unsigned int object,
			unsigned int name, unsigned int position)
{
	char buf[9000];

	odd_name(buf, ".klp.sym.", frame, object_names[object % NR(object_names)],
		 symbol_names[name % NR(symbol_names)], positions[position % NR(positions)]);
	if (img->new_symbol_name + strlen(buf) + 1 < names_of_symbols(img)->sh_size)
		rename_symbol(img, i, buf);
}

static void name_section(struct image *img, unsigned int i, const char *frame, unsigned int object)
{
	char buf[9000];

	odd_name(buf, ".klp.rela.", frame, object_names[object % NR(object_names)],
		 ".data.hostile", "");
	if (img->new_section_name + strlen(buf) + 1 < names_of_sections(img)->sh_size)
		rename_section(img, i, buf);
}

#endif
