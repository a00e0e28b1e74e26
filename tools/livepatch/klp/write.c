// SPDX-License-Identifier: GPL-2.0
/* Writes sections, symbols and relocations as an object file. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "object.h"

struct writer {
	const struct out *out;
	const char *path;
	Elf *elf;
	struct text names, strings;	/* of sections, of symbols */
	size_t symtab;			/* index of that section */
};

static _Noreturn void failed(const struct writer *writer)
{
	die("%s: cannot write: %s", writer->path, elf_errmsg(-1));
}

static uint32_t add_string(struct text *strings, const char *string)
{
	size_t at = strings->size;

	if (!*string)
		return 0;
	text_add_bytes(strings, string, strlen(string) + 1);
	return (uint32_t)at;
}

static Elf_Data *add_section(struct writer *writer, const char *name, const GElf_Shdr *header,
			     void *data, size_t size, Elf_Type type)
{
	Elf_Scn *scn = elf_newscn(writer->elf);
	Elf_Data *content = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr raw;

	if (!content || !gelf_getshdr(scn, &raw))
		failed(writer);
	raw = *header;
	raw.sh_name = add_string(&writer->names, name);
	content->d_buf = data;
	content->d_size = size;
	content->d_align = header->sh_addralign;
	content->d_type = type;
	content->d_version = EV_CURRENT;
	if (!gelf_update_shdr(scn, &raw))
		failed(writer);
	return content;
}

static void add_contents(struct writer *writer)
{
	struct out_section **at;

	list_for_each(at, &writer->out->sections) {
		struct out_section *section = *at;
		GElf_Shdr header = {
			.sh_type = section->type, .sh_flags = section->flags,
			.sh_addralign = section->align, .sh_entsize = section->entsize,
		};

		add_section(writer, section->name, &header, section->data.at, section->size,
			    ELF_T_BYTE);
		section->index = (size_t)(at - writer->out->sections.at) + 1;
	}
}

static void add_relas(struct writer *writer)
{
	struct out_section **at;

	list_for_each(at, &writer->out->sections) {
		struct out_section *section = *at;
		size_t nr = section->relas.nr;
		Elf64_Rela *relas = mem_array(nr ? nr : 1, sizeof(*relas));
		GElf_Shdr header = {
			.sh_type = SHT_RELA, .sh_flags = SHF_INFO_LINK, .sh_addralign = 8,
			.sh_entsize = sizeof(*relas), .sh_info = (uint32_t)section->index,
			.sh_link = (uint32_t)writer->symtab,
		};

		if (!nr)
			continue;
		for (size_t i = 0; i < nr; i++) {
			const struct out_rela *rela = &section->relas.at[i];

			relas[i].r_offset = rela->offset;
			relas[i].r_info = ELF64_R_INFO(rela->symbol->index, rela->type);
			relas[i].r_addend = rela->addend;
		}
		add_section(writer, mem_printf(".rela%s", section->name), &header, relas,
			    nr * sizeof(*relas), ELF_T_RELA);
	}
}

static bool is_local(const struct out_symbol *symbol)
{
	return symbol->bind == STB_LOCAL;
}

/* Local symbols come first, as the format wants it; indices are given on the way. */
static size_t fill_symbols(struct writer *writer, Elf64_Sym *symbols, size_t next, bool local)
{
	struct out_symbol **at;

	list_for_each(at, &writer->out->symbols) {
		struct out_symbol *symbol = *at;
		Elf64_Sym *raw = &symbols[next];

		if (is_local(symbol) != local)
			continue;
		symbol->index = next++;
		raw->st_name = symbol->type == STT_SECTION ? 0 :
			       add_string(&writer->strings, symbol->name);
		raw->st_info = (unsigned char)ELF64_ST_INFO(symbol->bind, symbol->type);
		raw->st_value = symbol->value;
		raw->st_size = symbol->size;
		raw->st_shndx = symbol->type == STT_FILE ? SHN_ABS :
				symbol->section ? (Elf64_Section)symbol->section->index : SHN_UNDEF;
	}
	return next;
}

static void add_symbols(struct writer *writer)
{
	size_t nr = writer->out->symbols.nr + 1, locals;
	Elf64_Sym *symbols = mem_array(nr, sizeof(*symbols));
	GElf_Shdr header = {
		.sh_type = SHT_SYMTAB, .sh_addralign = 8, .sh_entsize = sizeof(*symbols),
	};
	GElf_Shdr strings = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };

	if (writer->out->sections.nr >= SHN_LORESERVE / 2 - 4)
		die("%s: too many sections", writer->path);
	text_add_bytes(&writer->strings, "", 1);
	writer->symtab = writer->out->sections.nr + 1;
	locals = fill_symbols(writer, symbols, 1, true);
	fill_symbols(writer, symbols, locals, false);
	header.sh_info = (uint32_t)locals;
	header.sh_link = (uint32_t)writer->symtab + 1;
	add_section(writer, ".symtab", &header, symbols, nr * sizeof(*symbols), ELF_T_SYM);
	add_section(writer, ".strtab", &strings, writer->strings.at, writer->strings.size,
		    ELF_T_BYTE);
}

static void add_names(struct writer *writer, GElf_Ehdr *ehdr)
{
	GElf_Shdr header = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	Elf_Data *data;

	data = add_section(writer, ".shstrtab", &header, NULL, 0, ELF_T_BYTE);
	data->d_buf = writer->names.at;
	data->d_size = writer->names.size;
	if (elf_getshdrnum(writer->elf, &(size_t){ 0 }))
		failed(writer);
	elf_getshdrnum(writer->elf, &writer->symtab);
	ehdr->e_shstrndx = (Elf64_Section)(writer->symtab - 1);
}

static void write_elf(struct writer *writer, int fd)
{
	GElf_Ehdr ehdr;

	elf_version(EV_CURRENT);
	writer->elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!writer->elf || !gelf_newehdr(writer->elf, ELFCLASS64) ||
	    !gelf_getehdr(writer->elf, &ehdr))
		failed(writer);
	ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	ehdr.e_type = ET_REL;
	ehdr.e_machine = arch_elf_machine();
	ehdr.e_version = EV_CURRENT;
	text_add_bytes(&writer->names, "", 1);
	add_contents(writer);
	add_symbols(writer);
	add_relas(writer);
	add_names(writer, &ehdr);
	if (!gelf_update_ehdr(writer->elf, &ehdr) || elf_update(writer->elf, ELF_C_WRITE) < 0)
		failed(writer);
	elf_end(writer->elf);
}

void out_write(struct out *out, const char *path)
{
	const char *partial = mem_printf("%s.partial", path);
	struct writer writer = { .out = out, .path = path };
	int fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die_errno("%s: cannot write", partial);
	write_elf(&writer, fd);
	if (close(fd) || rename(partial, path))
		die_errno("%s: cannot write", path);
}
