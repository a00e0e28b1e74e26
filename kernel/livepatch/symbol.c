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

#include <linux/kallsyms.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/module_symbol.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/stringhash.h>

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

/*
 * Names go by what stands before the first dot, which a function has in common with
 * what the compiler split off it.
 */
static unsigned int *klp_symtab_bucket(const struct klp_symtab *tab,
				       const char *name)
{
	return &tab->bucket[full_name_hash(NULL, name, strcspn(name, ".")) &
			    (BIT(tab->bits) - 1)];
}

static const struct klp_symbol *klp_symtab_next(const struct klp_symtab *tab,
						unsigned int next)
{
	return next ? &tab->sym[next - 1] : NULL;
}

#define klp_symtab_for_each(tab, name, sym)				\
	for (sym = klp_symtab_next(tab, *klp_symtab_bucket(tab, name)); sym; \
	     sym = klp_symtab_next(tab, sym->next))

/* Modules have any number of symbols, and sort() does not let others run */
static int klp_text_cmp(const void *a, const void *b)
{
	const u64 *s = a, *t = b;

	if (need_resched())
		cond_resched();
	return (*s > *t) - (*s < *t);
}

/**
 * klp_symtab_index() - make the symbols of a table easy to find
 * @tab:	with @sym, @nr and @base
 *
 * Context: Process context.  May sleep.
 * Return: 0 or -ENOMEM.
 */
int klp_symtab_index(struct klp_symtab *tab)
{
	unsigned int i, *bucket;

	tab->bits = order_base_2(tab->nr + 1);
	tab->bucket = kvcalloc(BIT(tab->bits), sizeof(*tab->bucket), GFP_KERNEL);
	tab->text = kvmalloc_array(tab->nr + 1, sizeof(*tab->text), GFP_KERNEL);
	if (!tab->bucket || !tab->text)
		return -ENOMEM;

	/* From the last to the first, so that a chain goes from first to last */
	for (i = tab->nr; i > 0; i--) {
		bucket = klp_symtab_bucket(tab, tab->sym[i - 1].name);
		tab->sym[i - 1].next = *bucket;
		*bucket = i;
		cond_resched();
	}
	for (i = 0; i < tab->nr; i++)
		if (tab->sym[i].addr - tab->base < tab->size)
			tab->text[tab->nr_text++] =
				(u64)(tab->sym[i].addr - tab->base) << 32 | i;
	sort(tab->text, tab->nr_text, sizeof(*tab->text), klp_text_cmp, NULL);
	return 0;
}

void klp_symtab_clear(struct klp_symtab *tab)
{
	kvfree(tab->sym);
	kvfree(tab->bucket);
	kvfree(tab->text);
}

static void klp_symtab_free(struct klp_symtab *tab)
{
	klp_symtab_clear(tab);
	kfree(tab);
}

static bool klp_module_percpu(const struct module *mod, unsigned long addr)
{
#ifdef CONFIG_SMP
	return addr - (unsigned long)mod->percpu < mod->percpu_size;
#else
	return false;
#endif
}

/*
 * What is neither is in the init part.  The loader drops such symbols, but not those of
 * a patch module; and that part may be gone, and something else in its place.
 */
static bool klp_symbol_stays(const struct module *mod, unsigned long addr)
{
	return within_module_core(addr, mod) || klp_module_percpu(mod, addr);
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
	       klp_symbol_stays(mod, sym->st_value);
}

/*
 * The table that the loader keeps for the life of the module, not the larger one
 * that it has while init code is there: it needs no lock as long as the module
 * stays, and it is the same before and after init.
 */
static struct klp_symtab *klp_symtab_read(struct module *mod)
{
	const struct mod_kallsyms *ks = &mod->core_kallsyms;
	struct klp_symtab *tab;
	unsigned int i;

	tab = kzalloc(sizeof(*tab), GFP_KERNEL);
	if (!tab)
		return NULL;
	tab->mod = mod;
	tab->base = (unsigned long)mod->mem[MOD_TEXT].base;
	tab->size = mod->mem[MOD_TEXT].size;
	tab->sym = kvmalloc_array(ks->num_symtab, sizeof(*tab->sym), GFP_KERNEL);
	if (!tab->sym) {
		klp_symtab_free(tab);
		return NULL;
	}

	for (i = 0; i < ks->num_symtab; i++) {
		const Elf_Sym *sym = &ks->symtab[i];
		const char *name = ks->strtab + sym->st_name;

		if (klp_symbol_counts(mod, sym, name))
			tab->sym[tab->nr++] = (struct klp_symbol){
				.name = name, .addr = sym->st_value,
			};
	}
	if (klp_symtab_index(tab)) {
		klp_symtab_free(tab);
		return NULL;
	}
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
	const struct klp_symbol *sym;

	klp_symtab_for_each(tab, name, sym)
		if (!strcmp(sym->name, name) && klp_match_count(match, sym->addr))
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

/* The first symbol in the text, by address, that lies behind @addr */
static unsigned int klp_symtab_upper(const struct klp_symtab *tab,
				     unsigned long addr)
{
	unsigned int lo = 0, hi = tab->nr_text;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (tab->text[mid] >> 32 <= addr - tab->base)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct klp_symbol *klp_symtab_text(const struct klp_symtab *tab,
						unsigned int i)
{
	return &tab->sym[(u32)tab->text[i]];
}

/* In bytes, up to the next symbol; 0 if @addr is not in the text */
unsigned long klp_symtab_size(const struct klp_symtab *tab, unsigned long addr)
{
	unsigned int next;

	if (addr - tab->base >= tab->size)
		return 0;
	next = klp_symtab_upper(tab, addr);
	return next < tab->nr_text ? klp_symtab_text(tab, next)->addr - addr :
				     tab->base + tab->size - addr;
}

static int klp_code_size(const struct klp_symtab *tab, unsigned long addr,
			 unsigned long *size)
{
	unsigned long offset;

	*size = tab ? klp_symtab_size(tab, addr) : 0;
	if (*size)
		return 0;
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
	const char *func;
	struct klp_code *code;
};

static int klp_vmlinux_piece_add(void *cookie, const char *name,
				 unsigned long addr)
{
	const struct klp_vmlinux_piece *piece = cookie;

	return klp_piece_named(name, piece->func) ?
	       klp_code_add_piece(piece->code, NULL, addr) : 0;
}

static int klp_vmlinux_pieces(const char *name, struct klp_code *code)
{
	struct klp_vmlinux_piece piece = { .func = name, .code = code };

	return kallsyms_on_each_split_symbol(klp_vmlinux_piece_add, name, &piece);
}

static int klp_symtab_pieces(const struct klp_symtab *tab, const char *name,
			     struct klp_code *code)
{
	const struct klp_symbol *sym;
	int ret;

	klp_symtab_for_each(tab, name, sym) {
		if (!klp_piece_named(sym->name, name))
			continue;
		ret = klp_code_add_piece(code, tab, sym->addr);
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

	while (i-- && klp_symtab_text(tab, i)->addr == addr && !ret)
		ret = klp_symtab_pieces(tab, klp_symtab_text(tab, i)->name, code);
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
