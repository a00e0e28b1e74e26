// SPDX-License-Identifier: GPL-2.0
/*
 * Livepatch relocations: references of a finished module to what nobody exports.
 *
 * A symbol that is undefined becomes a livepatch symbol, ".klp.sym.OBJECT.NAME,POSITION",
 * and the relocations that refer to it move to a section of their own,
 * ".klp.rela.OBJECT.SECTION", which the kernel applies when OBJECT is there.  This comes
 * last: objtool and modpost have to see the plain names.
 *
 * Which section: what lives in the kernel itself is always there, and is wanted before
 * the module's jump labels and alternatives are handled; so ".klp.rela.vmlinux", whoever
 * refers to it.  Everything else waits for the object whose code refers to it.
 */
#include <ctype.h>

#include "elffile.h"
#include "link.h"
#include "target.h"

#define SHN_LIVEPATCH		0xff20
#define SHF_RELA_LIVEPATCH	0x00100000
#define SYMBOL_PREFIX		".klp.sym."
#define SECTION_PREFIX		".klp.rela."
#define OBJECT_MAX		55	/* what the kernel's parser takes */
#define NAME_MAX_LENGTH		511

/* Relocations on their way to a section of their own */
struct moved {
	const char *object;
	size_t target;			/* the section that they relocate */
	LIST(GElf_Rela) relas;
};

struct linker {
	struct elf_file *file;
	const struct reference *references;
	size_t nr;
	const struct kernel *kernel;
	const char **object;		/* of each symbol: whose section; NULL: leave it */
	bool *used;			/* of each symbol: a relocation refers to it */
	LIST(struct moved) moved;
	struct names *needed;		/* modules that export what stays undefined */
	struct text missing;		/* symbols that nobody knows */
};

/* ---- What a symbol stands for --------------------------------------------------------- */

/* The object of ".klp.sym.OBJECT.NAME,POSITION"; NULL if it is not of that form. */
static const char *object_of_name(const char *name)
{
	const char *object, *dot, *comma, *digit;

	object = name + strlen(SYMBOL_PREFIX);
	dot = strchr(object, '.');
	comma = strrchr(object, ',');
	if (!dot || dot == object || dot - object > OBJECT_MAX || !comma || comma <= dot + 1 ||
	    comma - dot - 1 > NAME_MAX_LENGTH || strchr(dot, ',') != comma || !comma[1])
		return NULL;
	for (digit = comma + 1; *digit; digit++) {
		if (!isdigit((unsigned char)*digit))
			return NULL;
	}
	return mem_strndup(object, (size_t)(dot - object));
}

/*
 * Several objects may refer to one symbol of a module: then that module's coming is what
 * counts, as they cannot be there without it.
 */
static const char *waits_for(const struct linker *linker, const struct reference *reference)
{
	const char *object = reference->object;
	size_t i;

	if (!strcmp(reference->place.object, KLP_VMLINUX))
		return KLP_VMLINUX;
	for (i = 0; i < linker->nr; i++) {
		if (strcmp(linker->references[i].symbol, reference->symbol))
			continue;
		if (strcmp(linker->references[i].object, object))
			return reference->place.object;
	}
	return object;
}

static const struct reference *find_reference(const struct linker *linker, const char *name)
{
	size_t i;

	for (i = 0; i < linker->nr; i++) {
		if (!strcmp(linker->references[i].symbol, name))
			return &linker->references[i];
	}
	return NULL;
}

static void set_livepatch(struct linker *linker, size_t index, const struct place *place,
			  const char *object)
{
	const char *name = mem_printf(SYMBOL_PREFIX "%s.%s,%lu", place->object, place->name,
				      place->pos);

	elf_rename_symbol(linker->file, index, name);
	linker->object[index] = object;
}

static void resolve_unknown(struct linker *linker, size_t index, const char *name)
{
	const char *exporter, *why = NULL;
	struct place place = { 0 };

	if (!linker->kernel)
		return;
	exporter = kernel_export(linker->kernel, name);
	if (exporter) {
		names_set(linker->needed, exporter, (void *)exporter);
		return;
	}
	if (kernel_find(linker->kernel, KLP_VMLINUX, NULL, name, NULL, &place, &why))
		set_livepatch(linker, index, &place, KLP_VMLINUX);
	else if (linker->used[index])
		text_add(&linker->missing, "\n\t%s: %s", name, why ?: "there is no such symbol");
	else
		set_livepatch(linker, index, &(struct place){ "unused", name, 0, 0, 0, NULL }, "");
}

static void resolve(struct linker *linker, size_t index)
{
	const char *name = elf_symbol_name(linker->file, index);
	const struct reference *reference;

	if (str_starts(name, SYMBOL_PREFIX)) {
		linker->object[index] = object_of_name(name);
		if (!linker->object[index])
			die("%s: %s: it is not .klp.sym.OBJECT.SYMBOL,POSITION", linker->file->path,
			    name);
		reference = find_reference(linker, name);
		if (reference)
			linker->object[index] = waits_for(linker, reference);
		return;
	}
	reference = find_reference(linker, name);
	if (reference)
		set_livepatch(linker, index, &reference->place, waits_for(linker, reference));
	else
		resolve_unknown(linker, index, name);
}

static void mark_used(struct linker *linker)
{
	struct elf_file *file = linker->file;
	size_t i, j, symbol;
	GElf_Rela rela;

	for (i = 0; i < file->nr; i++) {
		for (j = 0; elf_rela(file, i, j, &rela); j++) {
			symbol = GELF_R_SYM(rela.r_info);
			linker->used[symbol] = true;
		}
	}
}

static void resolve_all(struct linker *linker)
{
	struct elf_file *file = linker->file;
	GElf_Sym *symbol;
	size_t i;

	for (i = 1; i < file->symbols; i++) {
		symbol = elf_symbol(file, i);
		if (symbol->st_shndx == SHN_LIVEPATCH)
			die("%s: it has livepatch relocations already", file->path);
		if (symbol->st_shndx != SHN_UNDEF || !*elf_symbol_name(file, i))
			continue;
		resolve(linker, i);
		if (!linker->object[i])
			continue;
		symbol->st_shndx = SHN_LIVEPATCH;
		symbol->st_info = GELF_ST_INFO(STB_GLOBAL, GELF_ST_TYPE(symbol->st_info));
	}
	if (linker->missing.size)
		die_refused("%s: it refers to what it cannot reach:%s", file->path,
			    linker->missing.at);
}

/* ---- Relocations ---------------------------------------------------------------------- */

/* Read when the patch loads; what they tell of a module would not be there yet. */
static const char *const read_at_load[] = {
	"__jump_table", "__bug_table", "__ex_table", "__mcount_loc", "__tracepoints", "__dyndbg",
	".altinstructions", ".smp_locks", ".parainstructions", ".static_call_sites",
	".retpoline_sites", ".return_sites", ".call_sites", ".ibt_endbr_seal", ".cfi_sites",
	".orc_unwind", ".orc_unwind_ip",
};

static void check_target(const struct linker *linker, const char *object, const char *section,
			 const char *symbol)
{
	size_t i;

	if (!strcmp(object, KLP_VMLINUX))
		return;
	if (str_starts(section, ".init."))
		die_refused("%s: %s refers to %s: init code is gone when %s comes",
			    linker->file->path, section, symbol, object);
	for (i = 0; i < ARRAY_SIZE(read_at_load); i++) {
		if (!strcmp(section, read_at_load[i]))
			die_refused("%s: %s refers to %s: the kernel reads it before %s is there",
				    linker->file->path, section, symbol, object);
	}
}

static struct moved *moved_to(struct linker *linker, const char *object, size_t target)
{
	struct moved *moved;

	list_for_each(moved, &linker->moved) {
		if (moved->target == target && !strcmp(moved->object, object))
			return moved;
	}
	moved = list_add(&linker->moved);
	*moved = (struct moved){ .object = object, .target = target };
	return moved;
}

static void move_relas(struct linker *linker, size_t section)
{
	struct elf_file *file = linker->file;
	size_t target = file->sections[section].shdr.sh_info, i, kept = 0, symbol;
	const char *name = file->sections[target].name, *object;
	GElf_Rela rela;

	for (i = 0; elf_rela(file, section, i, &rela); i++) {
		symbol = GELF_R_SYM(rela.r_info);
		object = linker->object[symbol];
		if (!object) {
			elf_set_rela(file, section, kept++, &rela);
			continue;
		}
		check_target(linker, object, name, elf_symbol_name(file, symbol));
		*list_add(&moved_to(linker, object, target)->relas) = rela;
	}
	elf_cut_relas(file, section, kept);
}

/* The loader leaves sections alone that it does not keep. */
static bool is_applied(const struct elf_file *file, size_t section)
{
	const GElf_Shdr *shdr = &file->sections[section].shdr;

	return shdr->sh_type == SHT_RELA && !(shdr->sh_flags & SHF_RELA_LIVEPATCH) &&
	       (file->sections[shdr->sh_info].shdr.sh_flags & SHF_ALLOC);
}

static void move_all(struct linker *linker)
{
	struct elf_file *file = linker->file;
	size_t i, nr = file->nr;
	struct moved *moved;
	const char *name;

	for (i = 0; i < nr; i++) {
		if (is_applied(file, i))
			move_relas(linker, i);
	}
	list_for_each(moved, &linker->moved) {
		name = mem_printf(SECTION_PREFIX "%s.%s", moved->object,
				  file->sections[moved->target].name);
		elf_add_relas(file, name, SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH,
			      moved->target, moved->relas.at, moved->relas.nr);
	}
}

/* ---- Dependencies --------------------------------------------------------------------- */

/*
 * modpost saw plain references to what modules export, and made modprobe load these first:
 * but nothing is needed of them until they come by themselves.
 */
static void fix_depends(struct linker *linker, char *text, size_t size)
{
	static const char key[] = "depends=";
	struct text kept = { 0 };
	char *value, *list, *name;

	value = memmem(text, size, key, strlen(key));
	if (!value || (value > text && value[-1]) ||
	    !memchr(value, 0, size - (size_t)(value - text)))
		return;
	value += strlen(key);
	list = mem_strdup(value);
	while ((name = strsep(&list, ","))) {
		if (*name && names_get(linker->needed, name))
			text_add(&kept, "%s%s", kept.size ? "," : "", name);
	}
	memset(value, 0, strlen(value));
	if (kept.size)
		memcpy(value, kept.at, kept.size);
}

static void fix_modinfo(struct linker *linker)
{
	struct elf_file *file = linker->file;
	size_t i;

	for (i = 0; linker->kernel && i < file->nr; i++) {
		if (!strcmp(file->sections[i].name, ".modinfo") && file->sections[i].data.at)
			fix_depends(linker, (char *)file->sections[i].data.at,
				    file->sections[i].data.size);
	}
}

void link_file(const char *from, const char *to, const struct reference *references, size_t nr,
	       const struct kernel *kernel)
{
	struct elf_file file;
	struct linker linker = {
		.file = &file, .references = references, .nr = nr, .kernel = kernel,
		.needed = names_new(),
	};

	elf_file_read(&file, from);
	linker.object = mem_array(file.symbols, sizeof(*linker.object));
	linker.used = mem_array(file.symbols, sizeof(*linker.used));
	mark_used(&linker);
	resolve_all(&linker);
	move_all(&linker);
	fix_modinfo(&linker);
	elf_file_write(&file, to);
	note("%s: %zu sections of livepatch relocations", to, linker.moved.nr);
}

void link_module(const char *path, const struct reference *references, size_t nr,
		 const struct kernel *kernel)
{
	link_file(path, path, references, nr, kernel);
}
