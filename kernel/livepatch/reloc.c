// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatch relocations: references of a patch module to symbols that are not
 * exported, and to modules that may not be loaded yet.
 *
 * A section ``.klp.rela.<object>.<section>`` holds relocations of <section> that
 * can be applied once <object> is there; their symbols are called
 * ``.klp.sym.<object>.<symbol>,<position>``.  Those for vmlinux are applied by the
 * module loader, before the module's own alternatives and jump labels are; those
 * for a module when both the patch and the module are there.  They are cleared
 * when the module goes, so that they can be applied anew.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/elf.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/slab.h>

#include "live.h"
#include "reloc.h"
#include "symbol.h"

#define KLP_RELOC_SECTION	".klp.rela."
#define KLP_RELOC_SYMBOL	".klp.sym."

/* How much of a name the log gets: a line that is too long would wait for its end */
#define KLP_SHOWN		"%.640s"

/**
 * struct klp_elf - the parts of a patch module that relocating needs
 * @mod:	the module
 * @sechdrs:	its section headers
 * @secstrings:	the names of its sections
 * @strtab:	the names of its symbols
 * @symndx:	index of the section with the symbol table
 * @nr_syms:	number of symbols that are there
 */
struct klp_elf {
	struct module *mod;
	Elf_Shdr *sechdrs;
	const char *secstrings;
	const char *strtab;
	unsigned int symndx;
	unsigned long nr_syms;
};

/* Most architectures overwrite what is there: nothing to clear. */
void __weak clear_relocate_add(Elf_Shdr *sechdrs, const char *strtab,
			       unsigned int symindex, unsigned int relsec,
			       struct module *me)
{
}

/* ---- names ---- */

/* The characters up to @end, which must be there; the rest follows behind @end */
static const char *klp_name_part(const char *name, char end, char *part,
				 size_t max)
{
	const char *stop = strchr(name, end);

	if (!stop || stop == name || stop - name > max)
		return NULL;
	memcpy(part, name, stop - name);
	part[stop - name] = '\0';
	return stop + 1;
}

/**
 * klp_reloc_section_object() - which object does a section belong to?
 * @secname:	the section's name
 * @object:	set to the object's name, of KLP_RELOC_OBJECT_MAX characters at most
 *
 * Return: 0, or -EINVAL if that is no name of such a section.
 */
int klp_reloc_section_object(const char *secname, char *object)
{
	size_t len = str_has_prefix(secname, KLP_RELOC_SECTION);

	if (!len || !klp_name_part(secname + len, '.', object,
				   KLP_RELOC_OBJECT_MAX))
		return -EINVAL;
	return 0;
}

/**
 * klp_reloc_symbol_parse() - take the name of a livepatch symbol apart
 * @name:	the symbol's name
 * @parts:	filled in
 *
 * Return: 0, or -EINVAL if that is no name of such a symbol.
 */
int klp_reloc_symbol_parse(const char *name, struct klp_reloc_name *parts)
{
	size_t len = str_has_prefix(name, KLP_RELOC_SYMBOL);
	const char *rest;

	if (!len)
		return -EINVAL;
	rest = klp_name_part(name + len, '.', parts->object,
			     KLP_RELOC_OBJECT_MAX);
	if (!rest)
		return -EINVAL;
	rest = klp_name_part(rest, ',', parts->symbol, KLP_RELOC_SYMBOL_MAX);
	if (!rest || !isdigit(*rest))
		return -EINVAL;
	return kstrtoul(rest, 10, &parts->sympos) ? -EINVAL : 0;
}

static bool klp_is_vmlinux(const char *objname)
{
	return !strcmp(objname, "vmlinux");
}

/* ---- what may be written ---- */

/* Bytes from @at to the end of the part of the module that it is in, or 0 */
static size_t klp_reloc_room(const struct module *mod, unsigned long at)
{
	for_each_mod_mem_type(type) {
		size_t offset = at - (unsigned long)mod->mem[type].base;

		if (offset < mod->mem[type].size)
			return mod->mem[type].size - offset;
	}
	return 0;
}

/*
 * Relocations are written while others are read, and symbols are looked up: what the
 * loader and this file go by is not to be changed under them.  A section without
 * contents can claim more than it got: the loader counts in 32 bits.
 */
static bool klp_section_writable(const struct klp_elf *elf, const Elf_Shdr *sec)
{
	switch (sec->sh_type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_STRTAB:
	case SHT_RELA:
	case SHT_REL:
		return false;
	}
	return sec->sh_addr != (unsigned long)elf->mod &&
	       sec->sh_size <= klp_reloc_room(elf->mod, sec->sh_addr);
}

/* How much it writes; where that is not known here, the least that it may be */
static size_t klp_reloc_width(const Elf_Rela *rela)
{
#ifdef CONFIG_X86_64
	switch (ELF_R_TYPE(rela->r_info)) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return sizeof(u64);
	}
	return sizeof(u32);
#else
	return 1;
#endif
}

static bool klp_reloc_fits(const Elf_Rela *rela, size_t room)
{
	return rela->r_offset < room &&
	       room - rela->r_offset >= klp_reloc_width(rela);
}

/* ---- symbols ---- */

static int klp_reloc_resolve(const struct klp_elf *elf, const char *objname,
			     Elf_Sym *sym, struct klp_reloc_name *name,
			     struct klp_symbols *syms)
{
	const char *full = elf->strtab + sym->st_name;
	unsigned long addr;
	int ret;

	if (klp_reloc_symbol_parse(full, name)) {
		pr_err("symbol " KLP_SHOWN " has an incorrectly formatted name\n", full);
		return -EINVAL;
	}
	/*
	 * It would be applied too late for what the patch module does with it
	 * while it is being loaded, its own jump labels for one.
	 */
	if (klp_is_vmlinux(name->object) && !klp_is_vmlinux(objname)) {
		pr_err("invalid access to vmlinux symbol '%s' from module-specific livepatch relocation section\n",
		       name->symbol);
		return -EINVAL;
	}

	ret = klp_symbols_find(syms, klp_is_vmlinux(name->object) ? NULL :
				     name->object,
			       name->symbol, name->sympos, &addr);
	if (!ret)
		sym->st_value = addr;
	return ret;
}

/* Resolves the symbols that the relocations of one section refer to */
static int klp_relocs_resolve(const struct klp_elf *elf, const char *objname,
			      const Elf_Shdr *relsec, struct klp_symbols *syms)
{
	const Elf_Shdr *symsec = &elf->sechdrs[elf->symndx];
	const Elf_Shdr *target = &elf->sechdrs[relsec->sh_info];
	const Elf_Rela *rela = (void *)relsec->sh_addr;
	const Elf_Rela *end = rela + relsec->sh_size / sizeof(*rela);
	struct klp_reloc_name *name;
	Elf_Sym *sym, *last = NULL;
	int ret = 0;

	name = kmalloc(sizeof(*name), GFP_KERNEL);
	if (!name)
		return -ENOMEM;

	for (; rela < end && !ret; rela++) {
		cond_resched();
		if (ELF_R_SYM(rela->r_info) >= elf->nr_syms ||
		    !klp_reloc_fits(rela, target->sh_size)) {
			pr_err("section " KLP_SHOWN " has a relocation that is out of bounds\n",
			       elf->secstrings + relsec->sh_name);
			ret = -EINVAL;
			break;
		}
		sym = (Elf_Sym *)symsec->sh_addr + ELF_R_SYM(rela->r_info);
		if (sym == last)
			continue;
		if (sym->st_shndx != SHN_LIVEPATCH) {
			pr_err("symbol " KLP_SHOWN " is not marked as a livepatch symbol\n",
			       elf->strtab + sym->st_name);
			ret = -EINVAL;
			break;
		}
		ret = klp_reloc_resolve(elf, objname, sym, name, syms);
		last = sym;
	}
	kfree(name);
	return ret;
}

/* ---- sections ---- */

static int klp_section_apply(const struct klp_elf *elf, const char *objname,
			     unsigned int relsec, struct klp_symbols *syms)
{
	const Elf_Shdr *sec = &elf->sechdrs[relsec];
	int ret;

	if (!klp_section_writable(elf, &elf->sechdrs[sec->sh_info])) {
		pr_err("section " KLP_SHOWN " has relocations of what cannot be relocated\n",
		       elf->secstrings + sec->sh_name);
		return -EINVAL;
	}
	ret = klp_relocs_resolve(elf, objname, sec, syms);
	if (ret)
		return ret;
	ret = apply_relocate_add(elf->sechdrs, elf->strtab, elf->symndx, relsec,
				 elf->mod);
	if (ret) {
		/* What was written before would be taken for garbage next time */
		clear_relocate_add(elf->sechdrs, elf->strtab, elf->symndx,
				   relsec, elf->mod);
		pr_err("module %s: section " KLP_SHOWN " cannot be applied (%d)\n",
		       elf->mod->name, elf->secstrings + sec->sh_name, ret);
	}
	return ret;
}

/*
 * The init part of the patch module is gone once the module is live, and may go
 * at any time while somebody else loads the target module.
 */
static bool klp_section_there(const struct klp_elf *elf, const Elf_Shdr *relsec)
{
	return relsec->sh_info < elf->mod->klp_info->hdr.e_shnum &&
	       within_module_core(elf->sechdrs[relsec->sh_info].sh_addr,
				  elf->mod);
}

/* What is not SHF_ALLOC was there only while the module was being loaded */
static bool klp_section_is_kept(const Elf_Shdr *sec)
{
	return sec->sh_type == SHT_RELA && (sec->sh_flags & SHF_ALLOC);
}

static bool klp_section_of(const struct klp_elf *elf, const Elf_Shdr *sec,
			   const char *objname)
{
	char object[KLP_RELOC_OBJECT_MAX + 1];

	return (sec->sh_flags & SHF_RELA_LIVEPATCH) &&
	       klp_section_is_kept(sec) &&
	       !klp_reloc_section_object(elf->secstrings + sec->sh_name,
					 object) &&
	       !strcmp(object, objname) && klp_section_there(elf, sec);
}

static struct klp_elf klp_elf_of(struct module *mod)
{
	return (struct klp_elf){
		.mod = mod,
		.sechdrs = mod->klp_info->sechdrs,
		.secstrings = mod->klp_info->secstrings,
		.strtab = mod->core_kallsyms.strtab,
		.symndx = mod->klp_info->symndx,
		.nr_syms = mod->core_kallsyms.num_symtab,
	};
}

static void klp_sections_clear(const struct klp_elf *elf, const char *objname,
			       unsigned int end)
{
	unsigned int i;

	for (i = 1; i < end; i++)
		if (klp_section_of(elf, &elf->sechdrs[i], objname))
			clear_relocate_add(elf->sechdrs, elf->strtab,
					   elf->symndx, i, elf->mod);
}

/**
 * klp_relocs_apply() - apply the relocations of a patch that need a module
 * @pmod:	the patch module
 * @objname:	the module
 * @syms:	tables read so far
 *
 * Context: Process context.  Expects klp_mutex held.  May sleep.
 * Return: 0; -EINVAL, -ENOMEM or what the architecture says, with everything that
 * was written cleared again.
 */
int klp_relocs_apply(struct module *pmod, const char *objname,
		     struct klp_symbols *syms)
{
	struct klp_elf elf = klp_elf_of(pmod);
	unsigned int i;
	int ret;

	for (i = 1; i < pmod->klp_info->hdr.e_shnum; i++) {
		if (!klp_section_of(&elf, &elf.sechdrs[i], objname))
			continue;
		ret = klp_section_apply(&elf, objname, i, syms);
		if (ret) {
			klp_sections_clear(&elf, objname, i);
			return ret;
		}
	}
	return 0;
}

/**
 * klp_relocs_clear() - undo klp_relocs_apply()
 * @pmod:	the patch module
 * @objname:	the module that goes
 *
 * Context: Process context.  Expects klp_mutex held.
 */
void klp_relocs_clear(struct module *pmod, const char *objname)
{
	struct klp_elf elf = klp_elf_of(pmod);

	klp_sections_clear(&elf, objname, pmod->klp_info->hdr.e_shnum);
}

/**
 * klp_apply_section_relocs() - apply one section of livepatch relocations
 * @pmod:	the module that is being loaded
 * @sechdrs:	its section headers
 * @shstrtab:	the names of its sections
 * @strtab:	the names of its symbols
 * @symindex:	index of the section with the symbol table
 * @secindex:	index of the section to apply
 * @objname:	the object that is there, NULL for vmlinux
 *
 * Sections of other objects are left for later.
 *
 * Context: Process context, called by the module loader.  May sleep.
 * Return: 0; -EINVAL if the section or one of its symbols is not as it should be;
 * -ENOMEM; or what the architecture says.
 */
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname)
{
	struct klp_elf elf = {
		.mod = pmod,
		.sechdrs = sechdrs,
		.secstrings = shstrtab,
		.strtab = strtab,
		.symndx = symindex,
		.nr_syms = sechdrs[symindex].sh_size / sizeof(Elf_Sym),
	};
	const char *secname = shstrtab + sechdrs[secindex].sh_name;
	char object[KLP_RELOC_OBJECT_MAX + 1];
	struct klp_symbols syms = KLP_SYMBOLS_INIT(syms);
	int ret;

	/* The loader looks at nothing of a section without a type, be it the name */
	if (sechdrs[secindex].sh_type != SHT_RELA) {
		pr_err("module %s has a livepatch section that holds no relocations with addends\n",
		       pmod->name);
		return -EINVAL;
	}
	if (!is_livepatch_module(pmod)) {
		pr_err("section " KLP_SHOWN
		       " in module %s, which is not marked as a livepatch module\n",
		       secname, pmod->name);
		return -EINVAL;
	}
	if (klp_reloc_section_object(secname, object)) {
		pr_err("section " KLP_SHOWN " has an incorrectly formatted name\n",
		       secname);
		return -EINVAL;
	}
	if (!klp_section_is_kept(&sechdrs[secindex])) {
		pr_err("section " KLP_SHOWN " is not allocated\n", secname);
		return -EINVAL;
	}
	if (strcmp(object, objname ?: "vmlinux"))
		return 0;

	guard(klp_mutex)();
	ret = klp_section_apply(&elf, object, secindex, &syms);
	klp_symbols_free(&syms);
	return ret;
}
