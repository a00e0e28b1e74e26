/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What: the order of steps, and of undoing them. */
#ifndef _KLP_CORE_H
#define _KLP_CORE_H

#include <linux/types.h>

struct klp_live_func;
struct klp_live_object;
struct klp_live_patch;
struct klp_patch;
struct klp_symbols;
struct module;

void klp_lock(void);
void klp_unlock(void);
void klp_lock_sites(void);
void klp_unlock_sites(void);

int klp_object_find_module(struct klp_live_object *obj,
			   struct klp_symbols *syms);
int klp_func_resolve(struct klp_live_func *func, struct klp_symbols *syms);

int klp_patch_admit(const struct klp_patch *decl);
int klp_patch_resolve(struct klp_live_patch *patch);
void klp_patch_forget(struct klp_live_patch *patch);
int klp_patch_enable(struct klp_live_patch *patch);
int klp_patch_set_enabled(struct klp_live_patch *patch, bool enabled);
int klp_patch_force(struct klp_live_patch *patch);
int klp_patch_order(struct klp_live_patch *patch);

int klp_module_apply(struct module *mod);
void klp_module_revert(struct module *mod);

void klp_drop_flush(void);
int klp_core_init(void);

#endif /* _KLP_CORE_H */
