/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Livepatch relocations. */
#ifndef _KLP_RELOC_H
#define _KLP_RELOC_H

#include <linux/livepatch.h>

struct klp_symbols;

/* In characters, without the terminating NUL */
#define KLP_RELOC_OBJECT_MAX	(MODULE_NAME_LEN - 1)
#define KLP_RELOC_SYMBOL_MAX	(KSYM_NAME_LEN - 1)

/**
 * struct klp_reloc_name - the parts of ``.klp.sym.<object>,<position>``
 * @object:	where the symbol is; "vmlinux" or the name of a module
 * @symbol:	its name
 * @sympos:	its position
 */
struct klp_reloc_name {
	char object[KLP_RELOC_OBJECT_MAX + 1];
	char symbol[KLP_RELOC_SYMBOL_MAX + 1];
	unsigned long sympos;
};

int klp_reloc_section_object(const char *secname, char *object);
int klp_reloc_symbol_parse(const char *name, struct klp_reloc_name *parts);

int klp_relocs_apply(struct module *pmod, const char *objname,
		     struct klp_symbols *syms);
void klp_relocs_clear(struct module *pmod, const char *objname);

#endif /* _KLP_RELOC_H */
