// SPDX-License-Identifier: GPL-2.0
/*
 * A relocatable ELF file that is changed and written again.
 *
 * All numbers of the file that are used as an index are checked when it is read.  Sections
 * keep their indexes: new ones come at the end.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elffile.h"

#define ALIGN_MAX	0x1000000

_Noreturn static void die_broken(const struct elf_file *file, const char *why)
{
	die("%s: %s", file->path, why);
}

/* ---- Reading -------------------------------------------------------------------------- */

/* Written as it says, a section of an absurd alignment would fill the disk. */
static bool is_aligned(const GElf_Shdr *shdr)
{
	return shdr->sh_addralign <= ALIGN_MAX && !(shdr->sh_addralign & (shdr->sh_addralign - 1));
}

static void read_section(struct elf_file *file, Elf *elf, Elf_Scn *scn)
{
	struct elf_section *section = &file->sections[elf_ndxscn(scn)];
	Elf_Data *data;

	if (!gelf_getshdr(scn, &section->shdr))
		die_broken(file, "the header of a section cannot be read");
	section->name = elf_strptr(elf, file->names, section->shdr.sh_name);
	if (!section->name)
		die_broken(file, "a section has no name");
	section->name = mem_strdup(section->name);
	if (!is_aligned(&section->shdr))
		die_broken(file, mem_printf("section %s has a bad alignment", section->name));
	if (section->shdr.sh_type == SHT_NOBITS || !section->shdr.sh_size)
		return;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || data->d_size != section->shdr.sh_size)
		die_broken(file, mem_printf("section %s is cut short", section->name));
	section->data.size = data->d_size;
	section->data.at = mem_alloc(data->d_size + 1);
	memcpy(section->data.at, data->d_buf, data->d_size);
}

static void check_strings(const struct elf_file *file, size_t index)
{
	const struct bytes *data;

	if (index >= file->nr || file->sections[index].shdr.sh_type != SHT_STRTAB)
		die_broken(file, "there is no table of strings");
	data = &file->sections[index].data;
	if (!data->size || data->at[data->size - 1])
		die_broken(file, "the table of strings is broken");
}

static void find_symtab(struct elf_file *file)
{
	size_t i;

	for (i = 1; i < file->nr; i++) {
		if (file->sections[i].shdr.sh_type != SHT_SYMTAB)
			continue;
		if (file->symtab)
			die_broken(file, "there are two symbol tables");
		file->symtab = i;
	}
	if (!file->symtab)
		die_broken(file, "there is no symbol table");
	file->strtab = file->sections[file->symtab].shdr.sh_link;
	check_strings(file, file->strtab);
}

/* On x86-64 and the like, the file's layout is the machine's. */
static void read_symbols(struct elf_file *file)
{
	const struct bytes *data = &file->sections[file->symtab].data;
	size_t i;

	if (file->sections[file->symtab].shdr.sh_entsize != sizeof(Elf64_Sym) ||
	    !data->size || data->size % sizeof(Elf64_Sym))
		die_broken(file, "the symbol table is broken");
	file->symbols = data->size / sizeof(Elf64_Sym);
	file->symbol = mem_copy(data->at, data->size);
	for (i = 0; i < file->symbols; i++) {
		if (file->symbol[i].st_name >= file->sections[file->strtab].data.size)
			die_broken(file, "a symbol has no name");
	}
}

static bool has_relas(const struct elf_section *section)
{
	return section->shdr.sh_type == SHT_RELA;
}

static void check_relas(const struct elf_file *file, const struct elf_section *section)
{
	size_t i = (size_t)(section - file->sections), j;
	GElf_Rela rela;

	if (section->shdr.sh_entsize != sizeof(Elf64_Rela) ||
	    section->data.size % sizeof(Elf64_Rela) || section->shdr.sh_link != file->symtab ||
	    section->shdr.sh_info >= file->nr)
		die_broken(file, mem_printf("section %s is broken", section->name));
	for (j = 0; elf_rela(file, i, j, &rela); j++) {
		if (GELF_R_SYM(rela.r_info) >= file->symbols)
			die_broken(file, mem_printf("section %s refers to symbol %llu of %zu",
						    section->name,
						    (unsigned long long)GELF_R_SYM(rela.r_info),
						    file->symbols));
	}
}

static bool is_native(const GElf_Ehdr *ehdr)
{
	const unsigned char order = htole16(1) == 1 ? ELFDATA2LSB : ELFDATA2MSB;

	return ehdr->e_ident[EI_CLASS] == ELFCLASS64 && ehdr->e_ident[EI_DATA] == order;
}

static void read_elf(struct elf_file *file, Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t i;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &file->ehdr))
		die_broken(file, "it is not an ELF file");
	if (file->ehdr.e_type != ET_REL || !is_native(&file->ehdr))
		die_broken(file, "it is not a module of this kind of machine");
	if (elf_getshdrnum(elf, &file->nr) || elf_getshdrstrndx(elf, &file->names) || !file->nr)
		die_broken(file, "it has no sections");
	file->sections = mem_array(file->nr, sizeof(*file->sections));
	file->sections[0].name = "";
	while ((scn = elf_nextscn(elf, scn)))
		read_section(file, elf, scn);
	for (i = 1; i < file->nr; i++) {
		if (!file->sections[i].name)
			die_broken(file, "a section is missing");
	}
	check_strings(file, file->names);
	find_symtab(file);
	read_symbols(file);
	for (i = 1; i < file->nr; i++) {
		if (has_relas(&file->sections[i]))
			check_relas(file, &file->sections[i]);
	}
}

void elf_file_read(struct elf_file *file, const char *path)
{
	struct bytes bytes = file_read(path);
	Elf *elf;

	*file = (struct elf_file){ .path = path };
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)bytes.at, bytes.size);
	if (!elf)
		die_broken(file, "it is not an ELF file");
	read_elf(file, elf);
	elf_end(elf);
}

/* ---- Symbols and relocations ---------------------------------------------------------- */

GElf_Sym *elf_symbol(const struct elf_file *file, size_t index)
{
	return &file->symbol[index];
}

const char *elf_symbol_name(const struct elf_file *file, size_t index)
{
	return (const char *)file->sections[file->strtab].data.at + file->symbol[index].st_name;
}

static void make_room(struct elf_section *section, size_t size)
{
	unsigned char *at;

	if (size <= section->room)
		return;
	section->room = 2 * size;
	at = mem_alloc(section->room);
	memcpy(at, section->data.at, section->data.size);
	section->data.at = at;
}

/* Return: where it is in the table. */
static uint32_t add_string(struct elf_file *file, size_t table, const char *string)
{
	struct elf_section *section = &file->sections[table];
	size_t old = section->data.size, length = strlen(string) + 1;

	if (old + length > UINT32_MAX)
		die_broken(file, "too many names");
	make_room(section, old + length);
	memcpy(section->data.at + old, string, length);
	section->data.size += length;
	return (uint32_t)old;
}

void elf_rename_symbol(struct elf_file *file, size_t index, const char *name)
{
	file->symbol[index].st_name = add_string(file, file->strtab, name);
}

bool elf_rela(const struct elf_file *file, size_t section, size_t index, GElf_Rela *rela)
{
	const struct elf_section *from = &file->sections[section];

	if (!has_relas(from) || index >= from->data.size / sizeof(*rela))
		return false;
	memcpy(rela, from->data.at + index * sizeof(*rela), sizeof(*rela));
	return true;
}

void elf_set_rela(struct elf_file *file, size_t section, size_t index, const GElf_Rela *rela)
{
	memcpy(file->sections[section].data.at + index * sizeof(*rela), rela, sizeof(*rela));
}

void elf_cut_relas(struct elf_file *file, size_t section, size_t nr)
{
	file->sections[section].data.size = nr * sizeof(GElf_Rela);
}

void elf_add_relas(struct elf_file *file, const char *name, uint64_t flags, size_t target,
		   const GElf_Rela *relas, size_t nr)
{
	struct elf_section *grown = mem_array(file->nr + 1, sizeof(*grown)), *new;

	memcpy(grown, file->sections, file->nr * sizeof(*grown));
	file->sections = grown;
	new = &grown[file->nr++];
	new->name = name;
	new->shdr = (GElf_Shdr){
		.sh_name = add_string(file, file->names, name),
		.sh_type = SHT_RELA,
		.sh_flags = flags,
		.sh_link = (uint32_t)file->symtab,
		.sh_info = (uint32_t)target,
		.sh_entsize = sizeof(*relas),
		.sh_addralign = sizeof(uint64_t),
	};
	new->data = (struct bytes){ mem_copy(relas, nr * sizeof(*relas)), nr * sizeof(*relas) };
}

/* ---- Writing -------------------------------------------------------------------------- */

static Elf_Type type_of(const struct elf_section *section)
{
	switch (section->shdr.sh_type) {
	case SHT_SYMTAB: return ELF_T_SYM;
	case SHT_RELA: return ELF_T_RELA;
	default: return ELF_T_BYTE;
	}
}

/* The layout is libelf's, but for the bytes themselves. */
static bool write_section(Elf *elf, const struct elf_section *section)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;

	if (!data)
		return false;
	data->d_buf = section->data.at;
	data->d_size = section->shdr.sh_type == SHT_NOBITS ? section->shdr.sh_size :
							     section->data.size;
	data->d_align = section->shdr.sh_addralign ?: 1;
	data->d_type = type_of(section);
	return gelf_update_shdr(scn, (GElf_Shdr *)&section->shdr);
}

static bool write_elf(const struct elf_file *file, Elf *elf)
{
	GElf_Ehdr ehdr;
	size_t i;

	if (!gelf_newehdr(elf, ELFCLASS64) || !gelf_getehdr(elf, &ehdr))
		return false;
	ehdr = file->ehdr;
	ehdr.e_shoff = 0;
	if (!gelf_update_ehdr(elf, &ehdr))
		return false;
	for (i = 1; i < file->nr; i++) {
		if (!write_section(elf, &file->sections[i]))
			return false;
	}
	return elf_update(elf, ELF_C_WRITE) >= 0;
}

/* Return: what went wrong, or NULL */
static const char *write_to(const struct elf_file *file, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	const char *why = NULL;

	errno = 0;
	if (!elf || !write_elf(file, elf))
		why = errno ? strerror(errno) : elf_errmsg(-1);
	elf_end(elf);
	return why;
}

void elf_file_write(struct elf_file *file, const char *path)
{
	const char *new = mem_printf("%s.%d.new", path, getpid());
	struct elf_section *symtab = &file->sections[file->symtab];
	const char *why;
	int fd;

	memcpy(symtab->data.at, file->symbol, symtab->data.size);
	fd = open(new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		die_errno("%s: cannot be written", path);
	why = write_to(file, fd);
	if (!why && (fsync(fd) || close(fd) || rename(new, path)))
		why = strerror(errno);
	if (!why)
		return;
	unlink(new);
	die("%s: cannot be written: %s", path, why);
}
