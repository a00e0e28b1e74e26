/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to addresses. */
#ifndef _KLP_SYMBOL_H
#define _KLP_SYMBOL_H

#include <linux/list.h>
#include <linux/types.h>

struct klp_code;
struct module;

/**
 * struct klp_symbol - one symbol of a module
 * @name:	in the module's string table
 * @addr:	its value
 * @next:	the next whose name begins alike, as 1 + its place in &klp_symtab.sym
 */
struct klp_symbol {
	const char *name;
	unsigned long addr;
	unsigned int next;
};

/**
 * struct klp_symtab - the symbols of one module
 * @node:	its place among the tables read for the same operation
 * @mod:	the module
 * @base:	where its text begins
 * @size:	of its text, in bytes
 * @nr:		number of symbols
 * @sym:	in the order of the module's symbol table
 * @bits:	log2 of the number of buckets
 * @bucket:	hash table by name, up to its first dot: 1 + the place in @sym
 * @nr_text:	number of symbols in the text
 * @text:	those, sorted: offset from @base << 32 | place in @sym
 */
struct klp_symtab {
	struct list_head node;
	struct module *mod;
	unsigned long base;
	unsigned long size;
	unsigned int nr;
	struct klp_symbol *sym;
	unsigned int bits;
	unsigned int *bucket;
	unsigned int nr_text;
	u64 *text;
};

/**
 * struct klp_symbols - the tables that one operation has read
 * @tabs:	one &struct klp_symtab for each module asked about
 *
 * Each module's table is read once, however many names are looked up.  vmlinux
 * needs none: kallsyms has it sorted.
 */
struct klp_symbols {
	struct list_head tabs;
};

#define KLP_SYMBOLS_INIT(name)	{ .tabs = LIST_HEAD_INIT((name).tabs) }

void klp_symbols_free(struct klp_symbols *syms);
int klp_symbols_find(struct klp_symbols *syms, const char *objname,
		     const char *name, unsigned long sympos,
		     unsigned long *addr);
int klp_symbols_code(struct klp_symbols *syms, struct module *mod,
		     const char *name, unsigned long addr,
		     struct klp_code *code);
struct module *klp_module_find(const char *name);

/* For the tests */
int klp_symtab_index(struct klp_symtab *tab);
void klp_symtab_clear(struct klp_symtab *tab);
unsigned long klp_symtab_size(const struct klp_symtab *tab, unsigned long addr);
int klp_symtab_find(const struct klp_symtab *tab, const char *name,
		    unsigned long sympos, unsigned long *addr);
bool klp_piece_named(const char *name, const char *func);

#endif /* _KLP_SYMBOL_H */
