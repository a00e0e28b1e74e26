// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names to addresses: "the n-th symbol of this name in that object", and where
 * the code of a function lies.
 *
 * Positions count in the order of the object's symbol table, init code left out:
 * it is gone by the time most patches come, so counting it would make a position
 * mean one thing while the module loads and another afterwards.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bsearch.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/module_symbol.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "live.h"
#include "symbol.h"

/**
 * klp_module_find() - find a module that may be patched
 * @name:	its name
 *
 * Context: Expects klp_mutex held, which keeps the module: klp_module_going()
 * has to take it before the module goes.
 * Return: the module, or NULL if it is absent, still on its way in or already on
 * its way out.
 */
struct module *klp_module_find(const char *name)
{
	struct module *mod;

	lockdep_assert_held(&klp_mutex);
	rcu_read_lock_sched();
	mod = find_module(name);
	if (mod && !mod->klp_alive)
		mod = NULL;
	rcu_read_unlock_sched();
	return mod;
}

/* ---- the table of a module ---- */

/* Modules have any number of symbols, and sort() does not let others run */
static int klp_symbol_cmp_name(const void *a, const void *b)
{
	const struct klp_symbol *s = a, *t = b;

	if (need_resched())
		cond_resched();
	return strcmp(s->name, t->name) ?: (int)s->order - (int)t->order;
}

static int klp_symbol_cmp_addr(const void *a, const void *b)
{
	const struct klp_symbol *s = a, *t = b;

	if (need_resched())
		cond_resched();
	return (s->addr > t->addr) - (s->addr < t->addr);
}

void klp_symtab_sort(struct klp_symtab *tab)
{
	sort(tab->by_name, tab->nr, sizeof(*tab->by_name), klp_symbol_cmp_name,
	     NULL);
	sort(tab->by_addr, tab->nr, sizeof(*tab->by_addr), klp_symbol_cmp_addr,
	     NULL);
}

static void klp_symtab_free(struct klp_symtab *tab)
{
	kvfree(tab->by_name);
	kvfree(tab->by_addr);
	kfree(tab);
}

static bool klp_symbol_counts(const struct module *mod, const Elf_Sym *sym,
			      const char *name)
{
	switch (sym->st_shndx) {
	case SHN_UNDEF:
	case SHN_ABS:
	case SHN_LIVEPATCH:
		return false;
	}
	return *name && !is_mapping_symbol(name) && sym->st_value &&
	       !within_module_init(sym->st_value, mod);
}

/*
 * The table that the loader keeps for the life of the module, not the larger one
 * that it has while init code is there: it needs no lock as long as the module
 * stays, and it is the same before and after init.
 */
static struct klp_symtab *klp_symtab_read(struct module *mod)
{
	const struct mod_kallsyms *ks = &mod->core_kallsyms;
	unsigned int i, max = ks->num_symtab;
	struct klp_symtab *tab;

	tab = kzalloc(sizeof(*tab), GFP_KERNEL);
	if (!tab)
		return NULL;
	tab->mod = mod;
	tab->by_name = kvmalloc_array(max, sizeof(*tab->by_name), GFP_KERNEL);
	tab->by_addr = kvmalloc_array(max, sizeof(*tab->by_addr), GFP_KERNEL);
	if (!tab->by_name || !tab->by_addr) {
		klp_symtab_free(tab);
		return NULL;
	}

	for (i = 0; i < max; i++) {
		const Elf_Sym *sym = &ks->symtab[i];
		const char *name = ks->strtab + sym->st_name;

		if (!klp_symbol_counts(mod, sym, name))
			continue;
		tab->by_name[tab->nr++] = (struct klp_symbol){
			.name = name, .addr = sym->st_value, .order = i,
		};
	}
	memcpy(tab->by_addr, tab->by_name, tab->nr * sizeof(*tab->by_addr));
	klp_symtab_sort(tab);
	return tab;
}

static struct klp_symtab *klp_symtab_get(struct klp_symbols *syms,
					 struct module *mod)
{
	struct klp_symtab *tab;

	list_for_each_entry(tab, &syms->tabs, node)
		if (tab->mod == mod)
			return tab;

	tab = klp_symtab_read(mod);
	if (tab)
		list_add(&tab->node, &syms->tabs);
	return tab;
}

void klp_symbols_free(struct klp_symbols *syms)
{
	struct klp_symtab *tab, *next;

	list_for_each_entry_safe(tab, next, &syms->tabs, node) {
		list_del(&tab->node);
		klp_symtab_free(tab);
	}
}

/* The first symbol, by name, that does not sort before @name */
static unsigned int klp_symtab_lower(const struct klp_symtab *tab,
				     const char *name)
{
	unsigned int lo = 0, hi = tab->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (strcmp(tab->by_name[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- the n-th of a name ---- */

/**
 * struct klp_match - occurrences of one name, counted as they are met
 * @sympos:	the position asked for, 0 for "the only one"
 * @seen:	how many there were so far
 * @addr:	the one asked for
 */
struct klp_match {
	unsigned long sympos;
	unsigned long seen;
	unsigned long addr;
};

/* Non-zero when no further occurrence can change the answer */
static int klp_match_count(void *cookie, unsigned long addr)
{
	struct klp_match *match = cookie;

	match->seen++;
	if (!match->sympos || match->seen == match->sympos)
		match->addr = addr;
	return match->sympos ? match->seen == match->sympos : match->seen > 1;
}

static int klp_match_result(const struct klp_match *match, unsigned long *addr)
{
	if (!match->seen)
		return -ENOENT;
	if (match->seen < match->sympos)
		return -ERANGE;
	if (!match->sympos && match->seen > 1)
		return -ENOTUNIQ;
	if (!match->addr)
		return -ENOENT;
	*addr = match->addr;
	return 0;
}

static void klp_symtab_match(const struct klp_symtab *tab, const char *name,
			     struct klp_match *match)
{
	unsigned int i;

	for (i = klp_symtab_lower(tab, name); i < tab->nr; i++)
		if (strcmp(tab->by_name[i].name, name) ||
		    klp_match_count(match, tab->by_name[i].addr))
			break;
}

/**
 * klp_symtab_find() - look up the n-th symbol of a name in a module's table
 * @tab:	the table
 * @name:	the symbol's name
 * @sympos:	its position, from 1; 0 demands that it is the only one
 * @addr:	set to its address
 *
 * Return: 0, -ENOENT if there is none of that name, -ENOTUNIQ if there are several
 * and @sympos is 0, or -ERANGE if there are fewer than @sympos.
 */
int klp_symtab_find(const struct klp_symtab *tab, const char *name,
		    unsigned long sympos, unsigned long *addr)
{
	struct klp_match match = { .sympos = sympos };

	klp_symtab_match(tab, name, &match);
	return klp_match_result(&match, addr);
}

static int klp_symbols_match(struct klp_symbols *syms, const char *objname,
			     const char *name, struct klp_match *match)
{
	struct klp_symtab *tab;
	struct module *mod;

	if (!objname) {
		kallsyms_on_each_match_symbol(klp_match_count, name, match);
		return 0;
	}

	mod = klp_module_find(objname);
	if (!mod)
		return 0;
	tab = klp_symtab_get(syms, mod);
	if (!tab)
		return -ENOMEM;
	klp_symtab_match(tab, name, match);
	return 0;
}

/**
 * klp_symbols_find() - look up the n-th symbol of a name in an object
 * @syms:	tables read so far
 * @objname:	the module, or NULL for vmlinux
 * @name:	the symbol
 * @sympos:	its position, from 1; 0 demands that it is the only one
 * @addr:	set to its address
 *
 * Says in the log what is wrong with a name it cannot resolve.
 *
 * Context: Process context.  Expects klp_mutex held.  May sleep.
 * Return: 0, -EINVAL if there is no such symbol, or -ENOMEM.
 */
int klp_symbols_find(struct klp_symbols *syms, const char *objname,
		     const char *name, unsigned long sympos,
		     unsigned long *addr)
{
	struct klp_match match = { .sympos = sympos };
	const char *object = objname ?: "vmlinux";
	int ret;

	ret = klp_symbols_match(syms, objname, name, &match);
	if (ret)
		return ret;

	switch (klp_match_result(&match, addr)) {
	case 0:
		return 0;
	case -ERANGE:
		pr_err("symbol position %lu for symbol '%s' in object '%s' not found\n",
		       sympos, name, object);
		return -EINVAL;
	case -ENOTUNIQ:
		pr_err("unresolvable ambiguity for symbol '%s' in object '%s'\n",
		       name, object);
		return -EINVAL;
	default:
		pr_err("symbol '%s' not found in symbol table of object '%s'\n",
		       name, object);
		return -EINVAL;
	}
}

/* ---- the code of a function ---- */

/* The first symbol, by address, that lies behind @addr */
static unsigned int klp_symtab_upper(const struct klp_symtab *tab,
				     unsigned long addr)
{
	unsigned int lo = 0, hi = tab->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (tab->by_addr[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static unsigned long klp_symtab_size(const struct klp_symtab *tab,
				     unsigned long addr)
{
	const struct module_memory *text = &tab->mod->mem[MOD_TEXT];
	unsigned long end = (unsigned long)text->base + text->size;
	unsigned int next = klp_symtab_upper(tab, addr);

	if (next < tab->nr)
		end = min(end, tab->by_addr[next].addr);
	return end - addr;
}

static int klp_code_size(const struct klp_symtab *tab, unsigned long addr,
			 unsigned long *size)
{
	unsigned long offset;

	if (tab && within_module_mem_type(addr, tab->mod, MOD_TEXT)) {
		*size = klp_symtab_size(tab, addr);
		return 0;
	}
	return kallsyms_lookup_size_offset(addr, size, &offset) ? 0 : -ENOENT;
}

static int klp_code_add_piece(struct klp_code *code,
			      const struct klp_symtab *tab, unsigned long addr)
{
	struct klp_piece *piece;
	unsigned long size;

	if (klp_code_size(tab, addr, &size))
		return 0;
	piece = kmalloc(sizeof(*piece), GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	*piece = (struct klp_piece){
		.next = code->pieces, .start = addr, .size = size,
	};
	code->pieces = piece;
	return 0;
}

/**
 * klp_piece_named() - is this the name of a piece of a function?
 * @name:	the name to judge
 * @func:	the name of the function
 *
 * GCC calls what it moves out of a function ``func.cold`` and ``func.part.0``,
 * older versions number the former too.
 *
 * Return: true for a piece.
 */
bool klp_piece_named(const char *name, const char *func)
{
	size_t len = strlen(func);

	return !strncmp(name, func, len) &&
	       (str_has_prefix(name + len, ".cold") ||
		str_has_prefix(name + len, ".part."));
}

struct klp_vmlinux_piece {
	struct klp_code *code;
	int ret;
};

static int klp_vmlinux_piece_add(void *cookie, unsigned long addr)
{
	struct klp_vmlinux_piece *piece = cookie;

	piece->ret = klp_code_add_piece(piece->code, NULL, addr);
	return piece->ret;
}

/* kallsyms finds names, not prefixes: ask for those that GCC gives */
static int klp_vmlinux_pieces(const char *name, struct klp_code *code)
{
	static const char * const suffix[] = {
		".cold", ".part.0", ".part.0.isra.0", ".part.0.constprop.0",
	};
	struct klp_vmlinux_piece piece = { .code = code };
	unsigned int i;
	char *full;

	for (i = 0; i < ARRAY_SIZE(suffix) && !piece.ret; i++) {
		full = kasprintf(GFP_KERNEL, "%s%s", name, suffix[i]);
		if (!full)
			return -ENOMEM;
		kallsyms_on_each_match_symbol(klp_vmlinux_piece_add, full,
					      &piece);
		kfree(full);
	}
	return piece.ret;
}

static int klp_symtab_pieces(const struct klp_symtab *tab, const char *name,
			     struct klp_code *code)
{
	size_t len = strlen(name);
	unsigned int i;
	int ret;

	for (i = klp_symtab_lower(tab, name); i < tab->nr; i++) {
		if (strncmp(tab->by_name[i].name, name, len))
			break;
		if (!klp_piece_named(tab->by_name[i].name, name))
			continue;
		ret = klp_code_add_piece(code, tab, tab->by_name[i].addr);
		if (ret)
			return ret;
	}
	return 0;
}

/* By address alone: the pieces are called after one of the names it has */
static int klp_symtab_pieces_at(const struct klp_symtab *tab,
				unsigned long addr, struct klp_code *code)
{
	unsigned int i = klp_symtab_upper(tab, addr);
	int ret = 0;

	while (i-- && tab->by_addr[i].addr == addr && !ret)
		ret = klp_symtab_pieces(tab, tab->by_addr[i].name, code);
	return ret;
}

/**
 * klp_symbols_code() - find out where the code of a function lies
 * @syms:	tables read so far
 * @mod:	the module that has it, or NULL for vmlinux
 * @name:	its name, or NULL to go by @addr alone
 * @addr:	its entry
 * @code:	filled in; klp_code_forget() frees it, also after an error
 *
 * Context: Process context.  Expects klp_mutex held.  May sleep.
 * Return: 0, -ENOENT if nothing tells its size, or -ENOMEM.
 */
int klp_symbols_code(struct klp_symbols *syms, struct module *mod,
		     const char *name, unsigned long addr,
		     struct klp_code *code)
{
	struct klp_symtab *tab = NULL;
	int ret;

	if (mod) {
		tab = klp_symtab_get(syms, mod);
		if (!tab)
			return -ENOMEM;
	}

	code->start = addr;
	ret = klp_code_size(tab, addr, &code->size);
	if (ret)
		return ret;
	if (!tab)
		return klp_vmlinux_pieces(name, code);
	return name ? klp_symtab_pieces(tab, name, code) :
		      klp_symtab_pieces_at(tab, addr, code);
}
