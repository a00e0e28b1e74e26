// SPDX-License-Identifier: GPL-2.0
/* An object file: sections, symbols, relocations.  All of it is checked before it is used. */
#include <stdarg.h>

#include "object.h"

#define REACH_MAX	(1LL << 40)	/* so that no sum of sizes and addends overflows */

void object_broken(const struct object *object, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	die("%s: not an object file that can be used: %s", object->path, text);
}

static Elf *open_elf(struct object *object, const struct bytes *bytes)
{
	GElf_Ehdr ehdr;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)bytes->at, bytes->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr))
		object_broken(object, "no ELF header");
	if (ehdr.e_type != ET_REL || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB || !arch_machine(&ehdr))
		object_broken(object, "not relocatable, or of another machine");
	return elf;
}

static void copy_data(struct object *object, struct section *section, Elf_Scn *scn)
{
	Elf_Data *raw;

	if (section->type == SHT_NOBITS || !section->size)
		return;
	raw = elf_rawdata(scn, NULL);
	if (!raw || !raw->d_buf || raw->d_size != section->size)
		object_broken(object, "section %s is cut off", section->name);
	section->data = mem_copy(raw->d_buf, raw->d_size);
}

static void read_section(struct object *object, Elf *elf, Elf_Scn *scn, size_t names)
{
	struct section *section;
	GElf_Shdr header;
	size_t index = elf_ndxscn(scn);

	if (!gelf_getshdr(scn, &header) || index >= object->nr_sections)
		object_broken(object, "section %zu has no header", index);
	section = &object->sections[index];
	section->name = elf_strptr(elf, names, header.sh_name);
	if (!section->name)
		object_broken(object, "section %zu has no name", index);
	section->name = mem_strdup(section->name);
	section->index = index;
	section->type = header.sh_type;
	section->flags = header.sh_flags;
	section->size = header.sh_size;
	section->align = header.sh_addralign ? header.sh_addralign : 1;
	section->entsize = header.sh_entsize;
	if (section->align & (section->align - 1) || section->align > 1 << 24 ||
	    section->size > REACH_MAX)
		object_broken(object, "section %s has an impossible size", section->name);
	section->role = section_role(section, &section->table);
	if (section->role != ROLE_NONE)
		copy_data(object, section, scn);
}

static void read_sections(struct object *object, Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrnum(elf, &object->nr_sections) || !object->nr_sections ||
	    elf_getshdrstrndx(elf, &names))
		object_broken(object, "no sections");
	object->sections = mem_array(object->nr_sections, sizeof(*object->sections));
	object->sections[0].name = "";
	while ((scn = elf_nextscn(elf, scn)))
		read_section(object, elf, scn, names);
}

static Elf_Scn *find_section(const struct object *object, Elf *elf, uint32_t type)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		if (object->sections[i].type == type)
			return elf_getscn(elf, i);
	}
	return NULL;
}

static struct section *section_of(struct object *object, const GElf_Sym *raw, Elf32_Word extended)
{
	size_t index = raw->st_shndx == SHN_XINDEX ? extended : raw->st_shndx;

	if (raw->st_shndx == SHN_UNDEF || raw->st_shndx == SHN_ABS)
		return NULL;
	if ((raw->st_shndx >= SHN_LORESERVE && raw->st_shndx != SHN_XINDEX) ||
	    index >= object->nr_sections)
		object_broken(object, "a symbol is in section %zu, which is not there", index);
	return &object->sections[index];
}

static void read_symbol(struct object *object, Elf *elf, size_t names, struct symbol *symbol,
			const GElf_Sym *raw, Elf32_Word extended)
{
	const char *name = elf_strptr(elf, names, raw->st_name);

	if (!name)
		object_broken(object, "a symbol has no name");
	symbol->name = mem_strdup(name);
	symbol->value = raw->st_value;
	symbol->size = raw->st_size;
	symbol->type = GELF_ST_TYPE(raw->st_info);
	symbol->bind = GELF_ST_BIND(raw->st_info);
	symbol->section = section_of(object, raw, extended);
	if (!symbol->section)
		return;
	if (symbol->type == STT_SECTION)
		symbol->name = symbol->section->name;
	if (symbol->value > symbol->section->size ||
	    symbol->size > symbol->section->size - symbol->value)
		object_broken(object, "symbol %s reaches out of its section", name);
}

static void read_symbols(struct object *object, Elf *elf)
{
	Elf_Scn *scn = find_section(object, elf, SHT_SYMTAB);
	Elf_Scn *more = find_section(object, elf, SHT_SYMTAB_SHNDX);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	Elf_Data *extended = more ? elf_getdata(more, NULL) : NULL;
	GElf_Shdr header;

	if (!data || !data->d_buf || !gelf_getshdr(scn, &header))
		object_broken(object, "no symbols");
	object->nr_symbols = data->d_size / sizeof(Elf64_Sym);
	object->symbols = mem_array(object->nr_symbols, sizeof(*object->symbols));
	for (size_t i = 0; i < object->nr_symbols; i++) {
		Elf32_Word index = 0;
		GElf_Sym raw;

		if (!gelf_getsymshndx(data, extended, (int)i, &raw, &index))
			object_broken(object, "symbol %zu is cut off", i);
		read_symbol(object, elf, header.sh_link, &object->symbols[i], &raw, index);
	}
}

static void read_reloc(struct object *object, struct section *section, const GElf_Rela *raw)
{
	struct reloc *reloc;
	size_t size = arch_reloc_size((uint32_t)GELF_R_TYPE(raw->r_info));
	size_t symbol = GELF_R_SYM(raw->r_info);

	if (!GELF_R_TYPE(raw->r_info))
		return;
	if (!size)
		object_broken(object, "relocation type %u in section %s is not known",
			      (unsigned int)GELF_R_TYPE(raw->r_info), section->name);
	if (raw->r_offset > section->size || section->size - raw->r_offset < size || !section->data)
		object_broken(object, "a relocation reaches out of section %s", section->name);
	if (raw->r_addend > REACH_MAX || raw->r_addend < -REACH_MAX)
		object_broken(object, "a relocation in %s is far out of range", section->name);
	if (symbol >= object->nr_symbols)
		object_broken(object, "a relocation in section %s has no symbol", section->name);
	reloc = list_add(&section->relocs);
	reloc->offset = raw->r_offset;
	reloc->type = (uint32_t)GELF_R_TYPE(raw->r_info);
	reloc->symbol = &object->symbols[symbol];
	reloc->addend = raw->r_addend;
}

static void read_relocs(struct object *object, Elf *elf, size_t index)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	struct section *section;
	GElf_Shdr header;
	Elf_Data *data;

	if (!gelf_getshdr(scn, &header) || header.sh_info >= object->nr_sections)
		object_broken(object, "relocations of a section that is not there");
	section = &object->sections[header.sh_info];
	if (section->role == ROLE_NONE)
		return;
	data = elf_getdata(scn, NULL);
	if (!data || (data->d_size && !data->d_buf))
		object_broken(object, "section %s is cut off", object->sections[index].name);
	for (size_t i = 0; i < data->d_size / sizeof(Elf64_Rela); i++) {
		GElf_Rela raw;

		if (!gelf_getrela(data, (int)i, &raw))
			object_broken(object, "relocation %zu of %s is cut off", i, section->name);
		read_reloc(object, section, &raw);
	}
}

/* Of a source that is not there the object is empty: @path is NULL. */
struct object *object_read(const char *path)
{
	struct object *object = mem_alloc(sizeof(*object));
	struct bytes bytes;
	Elf *elf;

	object->path = path;
	if (!path)
		return object;
	bytes = file_read(path);
	elf = open_elf(object, &bytes);
	read_sections(object, elf);
	read_symbols(object, elf);
	for (size_t i = 1; i < object->nr_sections; i++) {
		if (object->sections[i].type == SHT_REL)
			object_broken(object, "it has relocations without addends");
		if (object->sections[i].type == SHT_RELA)
			read_relocs(object, elf, i);
	}
	elf_end(elf);
	units_make(object);
	references_resolve(object);
	tables_cut(object);
	return object;
}
