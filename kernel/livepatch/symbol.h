/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to addresses. */
#ifndef _KLP_SYMBOL_H
#define _KLP_SYMBOL_H

#include <linux/list.h>

struct klp_code;
struct module;

/**
 * struct klp_symbol - one symbol of a module
 * @name:	in the module's string table
 * @addr:	its value
 * @order:	its place in the symbol table
 */
struct klp_symbol {
	const char *name;
	unsigned long addr;
	unsigned int order;
};

/**
 * struct klp_symtab - the symbols of one module, sorted twice
 * @node:	its place among the tables read for the same operation
 * @mod:	the module
 * @nr:		number of symbols
 * @by_name:	sorted by name, then by place in the symbol table
 * @by_addr:	sorted by address
 */
struct klp_symtab {
	struct list_head node;
	struct module *mod;
	unsigned int nr;
	struct klp_symbol *by_name;
	struct klp_symbol *by_addr;
};

/**
 * struct klp_symbols - the tables that one operation has read
 * @tabs:	one &struct klp_symtab for each module asked about
 *
 * Each module's table is read and sorted once, however many names are looked
 * up.  vmlinux needs none: kallsyms has it sorted.
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
void klp_symtab_sort(struct klp_symtab *tab);
int klp_symtab_find(const struct klp_symtab *tab, const char *name,
		    unsigned long sympos, unsigned long *addr);
bool klp_piece_named(const char *name, const char *func);

#endif /* _KLP_SYMBOL_H */
