/* SPDX-License-Identifier: GPL-2.0 */
/* A relocatable ELF file that is changed and written again. */
#ifndef KLP_ELFFILE_H
#define KLP_ELFFILE_H

#include <gelf.h>

#include "util.h"

struct elf_section {
	const char *name;
	GElf_Shdr shdr;
	struct bytes data;	/* nothing for SHT_NOBITS */
	size_t room;		/* of strings that grew */
};

struct elf_file {
	const char *path;
	GElf_Ehdr ehdr;
	size_t nr;			/* sections; each number in the file is checked */
	struct elf_section *sections;	/* by index; the first is the empty one */
	size_t names;			/* section with the names of sections */
	size_t symtab, strtab;
	size_t symbols;
	GElf_Sym *symbol;
};

/* Reads a 64-bit relocatable file with one symbol table; ends the program if it is none. */
void elf_file_read(struct elf_file *file, const char *path);
/* All or nothing */
void elf_file_write(struct elf_file *file, const char *path);

GElf_Sym *elf_symbol(const struct elf_file *file, size_t index);
const char *elf_symbol_name(const struct elf_file *file, size_t index);
void elf_rename_symbol(struct elf_file *file, size_t index, const char *name);

/* The relocation at @index of a section; false after the last, or if it has none. */
bool elf_rela(const struct elf_file *file, size_t section, size_t index, GElf_Rela *rela);
void elf_set_rela(struct elf_file *file, size_t section, size_t index, const GElf_Rela *rela);
void elf_cut_relas(struct elf_file *file, size_t section, size_t nr);
void elf_add_relas(struct elf_file *file, const char *name, uint64_t flags, size_t target,
		   const GElf_Rela *relas, size_t nr);

#endif
