// SPDX-License-Identifier: GPL-2.0
/*
 * klp-relocs - turn references to marked symbols into livepatch relocations
 *
 *	klp-relocs [OPTION]... IN.ko OUT.ko
 *
 *	-o OBJECT	name the new sections after OBJECT, not after the symbol's
 *	-s OLD=NEW	rename a symbol afterwards
 *	-S OLD=NEW	rename a section afterwards
 *	-u SYMBOL	leave this symbol undefined
 *	-x NAME		add a livepatch symbol that no relocation refers to
 *
 * Marked symbols are undefined and called ".klp.sym.<object>.<name>,<pos>".
 * They get the section index SHN_LIVEPATCH, and the relocations that refer to
 * them move to sections called ".klp.rela.<object>.<section>".
 *
 * The last four options exist to make modules that the kernel must refuse.
 */
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
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

#define SYM_PREFIX	".klp.sym."
#define SEC_PREFIX	".klp.rela."
#define EDITS_MAX	32

struct edit {
	int option;
	const char *arg;
};

static struct edit edits[EDITS_MAX];
static int nr_edits;
static const char *object_name;

static Elf *elf;
static Elf_Scn *symtab;
static size_t shstrndx, strndx;

static void *must(void *p)
{
	if (!p)
		errx(1, "libelf: %s", elf_errmsg(-1));
	return p;
}

static void check(int done)
{
	if (!done)
		errx(1, "libelf: %s", elf_errmsg(-1));
}

static GElf_Shdr header_of(Elf_Scn *scn)
{
	GElf_Shdr shdr;

	check(!!gelf_getshdr(scn, &shdr));
	return shdr;
}

static Elf_Data *data_of(Elf_Scn *scn)
{
	return must(elf_getdata(scn, NULL));
}

static const char *section_name(Elf_Scn *scn)
{
	return must(elf_strptr(elf, shstrndx, header_of(scn).sh_name));
}

/* Returns the offset of the appended @name in string table number @ndx. */
static size_t add_string(size_t ndx, const char *name)
{
	Elf_Scn *scn = must(elf_getscn(elf, ndx));
	GElf_Shdr shdr = header_of(scn);
	Elf_Data *data = must(elf_newdata(scn));
	size_t offset = shdr.sh_size;

	data->d_buf = must(strdup(name));
	data->d_size = strlen(name) + 1;
	data->d_off = offset;
	data->d_align = 1;
	data->d_type = ELF_T_BYTE;

	shdr.sh_size += data->d_size;
	check(gelf_update_shdr(scn, &shdr));
	return offset;
}

static void find_symtab(void)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		if (header_of(scn).sh_type == SHT_SYMTAB)
			symtab = scn;
	}
	if (!symtab)
		errx(1, "no symbol table");
	strndx = header_of(symtab).sh_link;
}

static size_t nr_symbols(void)
{
	GElf_Shdr shdr = header_of(symtab);

	return shdr.sh_size / shdr.sh_entsize;
}

static const char *get_symbol(size_t i, GElf_Sym *sym)
{
	check(!!gelf_getsym(data_of(symtab), i, sym));
	return must(elf_strptr(elf, strndx, sym->st_name));
}

static void set_symbol(size_t i, GElf_Sym *sym)
{
	check(gelf_update_sym(data_of(symtab), i, sym));
}

static int is_marked(size_t i)
{
	GElf_Sym sym;
	const char *name = get_symbol(i, &sym);

	return (sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_LIVEPATCH) &&
	       !strncmp(name, SYM_PREFIX, strlen(SYM_PREFIX));
}

static void symbol_object(size_t i, char *obj, size_t size)
{
	GElf_Sym sym;
	const char *name = get_symbol(i, &sym) + strlen(SYM_PREFIX);

	snprintf(obj, size, "%.*s", (int)strcspn(name, "."), name);
	if (object_name)
		snprintf(obj, size, "%s", object_name);
}

/* The livepatch section of @obj that stands beside relocation section @rela. */
static Elf_Scn *livepatch_section(Elf_Scn *rela, const char *obj)
{
	GElf_Shdr shdr = header_of(rela);
	const char *target = section_name(must(elf_getscn(elf, shdr.sh_info)));
	Elf_Scn *scn = NULL;
	char name[512];

	snprintf(name, sizeof(name), SEC_PREFIX "%s.%s", obj, target);
	while ((scn = elf_nextscn(elf, scn))) {
		if (!strcmp(section_name(scn), name))
			return scn;
	}

	scn = must(elf_newscn(elf));
	shdr.sh_name = add_string(shstrndx, name);
	shdr.sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH;
	shdr.sh_size = 0;
	shdr.sh_offset = 0;
	check(gelf_update_shdr(scn, &shdr));
	return scn;
}

static void append_rela(Elf_Scn *scn, const GElf_Rela *rela)
{
	GElf_Shdr shdr = header_of(scn);
	Elf_Data *data = must(elf_newdata(scn));

	data->d_buf = must(malloc(sizeof(*rela)));
	memcpy(data->d_buf, rela, sizeof(*rela));
	data->d_size = sizeof(*rela);
	data->d_off = shdr.sh_size;
	data->d_align = 8;
	data->d_type = ELF_T_RELA;

	shdr.sh_size += sizeof(*rela);
	check(gelf_update_shdr(scn, &shdr));
}

static void move_relocations(Elf_Scn *scn)
{
	GElf_Shdr shdr = header_of(scn);
	Elf_Data *data = data_of(scn);
	size_t i, kept = 0, nr = shdr.sh_size / sizeof(GElf_Rela);
	GElf_Rela rela;
	char obj[256];

	for (i = 0; i < nr; i++) {
		check(!!gelf_getrela(data, i, &rela));
		if (is_marked(GELF_R_SYM(rela.r_info))) {
			symbol_object(GELF_R_SYM(rela.r_info), obj, sizeof(obj));
			append_rela(livepatch_section(scn, obj), &rela);
		} else {
			check(gelf_update_rela(data, kept++, &rela));
		}
	}

	data->d_size = kept * sizeof(rela);
	shdr.sh_size = data->d_size;
	check(gelf_update_shdr(scn, &shdr));
}

static void move_all_relocations(void)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(elf, scn))) {
		shdr = header_of(scn);
		if (shdr.sh_type == SHT_RELA && !(shdr.sh_flags & SHF_ALLOC))
			move_relocations(scn);
	}
}

static void mark_symbols(void)
{
	GElf_Sym sym;
	size_t i;

	for (i = 1; i < nr_symbols(); i++) {
		if (!is_marked(i))
			continue;
		get_symbol(i, &sym);
		sym.st_shndx = SHN_LIVEPATCH;
		set_symbol(i, &sym);
	}
}

static size_t find_symbol(const char *name)
{
	GElf_Sym sym;
	size_t i;

	for (i = 1; i < nr_symbols(); i++) {
		if (!strcmp(get_symbol(i, &sym), name))
			return i;
	}
	errx(1, "no symbol %s", name);
}

static void rename_symbol(const char *old, const char *new)
{
	size_t i = find_symbol(old);
	GElf_Sym sym;

	get_symbol(i, &sym);
	sym.st_name = add_string(strndx, new);
	set_symbol(i, &sym);
}

static void rename_section(const char *old, const char *new)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(elf, scn))) {
		if (strcmp(section_name(scn), old))
			continue;
		shdr = header_of(scn);
		shdr.sh_name = add_string(shstrndx, new);
		check(gelf_update_shdr(scn, &shdr));
		return;
	}
	errx(1, "no section %s", old);
}

static void undefine_symbol(const char *name)
{
	size_t i = find_symbol(name);
	GElf_Sym sym;

	get_symbol(i, &sym);
	sym.st_shndx = SHN_UNDEF;
	set_symbol(i, &sym);
}

static void add_symbol(const char *name)
{
	GElf_Shdr shdr = header_of(symtab);
	Elf_Data *data = must(elf_newdata(symtab));
	Elf64_Sym *sym = must(calloc(1, sizeof(*sym)));

	sym->st_name = add_string(strndx, name);
	sym->st_info = GELF_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	sym->st_shndx = SHN_LIVEPATCH;

	data->d_buf = sym;
	data->d_size = sizeof(*sym);
	data->d_off = shdr.sh_size;
	data->d_align = 8;
	data->d_type = ELF_T_SYM;

	shdr.sh_size += sizeof(*sym);
	check(gelf_update_shdr(symtab, &shdr));
}

static void apply_edit(const struct edit *edit)
{
	char *old = must(strdup(edit->arg));
	char *new = strchr(old, '=');

	if (strchr("sS", edit->option)) {
		if (!new)
			errx(2, "-%c wants OLD=NEW", edit->option);
		*new++ = '\0';
	}

	switch (edit->option) {
	case 's':
		rename_symbol(old, new);
		break;
	case 'S':
		rename_section(old, new);
		break;
	case 'u':
		undefine_symbol(old);
		break;
	case 'x':
		add_symbol(old);
		break;
	}
	free(old);
}

static void usage(void)
{
	errx(2, "options: [-o OBJECT] [-s OLD=NEW] [-S OLD=NEW] [-u SYMBOL] [-x NAME] IN OUT");
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "o:s:S:u:x:")) != -1) {
		if (c == 'o') {
			object_name = optarg;
			continue;
		}
		if (c == '?' || nr_edits == EDITS_MAX)
			usage();
		edits[nr_edits++] = (struct edit){ c, optarg };
	}
	if (argc - optind != 2)
		usage();
}

static void read_in(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	elf = must(elf_begin(fd, ELF_C_READ, NULL));
	if (elf_getshdrstrndx(elf, &shstrndx))
		errx(1, "%s: no section names", path);
}

static void copy_section(Elf *out, Elf_Scn *scn)
{
	Elf_Scn *copy = must(elf_newscn(out));
	GElf_Shdr shdr = header_of(scn);
	Elf_Data *data = NULL;

	check(gelf_update_shdr(copy, &shdr));
	while ((data = elf_getdata(scn, data)))
		*(Elf_Data *)must(elf_newdata(copy)) = *data;
}

/* Not in place: some versions of libelf then lose the header of a new section. */
static void write_out(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	Elf_Scn *scn = NULL;
	GElf_Ehdr ehdr;
	Elf *out;

	if (fd < 0)
		err(1, "%s", path);
	out = must(elf_begin(fd, ELF_C_WRITE, NULL));
	must(gelf_newehdr(out, gelf_getclass(elf)));
	check(!!gelf_getehdr(elf, &ehdr));
	check(gelf_update_ehdr(out, &ehdr));
	while ((scn = elf_nextscn(elf, scn)))
		copy_section(out, scn);
	if (elf_update(out, ELF_C_WRITE) < 0)
		errx(1, "%s: %s", path, elf_errmsg(-1));
	elf_end(out);
	if (close(fd))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	int i;

	parse_options(argc, argv);
	elf_version(EV_CURRENT);
	read_in(argv[optind]);

	find_symtab();
	move_all_relocations();
	mark_symbols();
	for (i = 0; i < nr_edits; i++)
		apply_edit(&edits[i]);

	write_out(argv[optind + 1]);
	return 0;
}
