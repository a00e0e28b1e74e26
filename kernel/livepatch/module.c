// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module loader's door: modules come and go.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/module.h>

#include "core.h"
#include "live.h"
#include "site.h"

/*
 * Most modules are of no interest, and need not wait for whoever registers or
 * drops a site set.  A new patch sees to a module by itself while it is alive.
 */
static bool klp_module_unconcerned(struct module *mod, bool alive)
{
	guard(klp_mutex)();
	if (klp_object_wanted(mod->name) || klp_sites_has_module(mod))
		return false;
	mod->klp_alive = alive;
	return true;
}

/**
 * klp_module_coming() - patch a module before any of its code runs
 * @mod:	the module, in state COMING
 *
 * Context: Process context, called by the module loader.  May sleep.  Modules that
 * no patch is about wait for nothing but klp_mutex.
 * Return: 0; -EINVAL if @mod is in another state, or called vmlinux; or why a patch
 * could not be applied.  After an error everything is undone.
 */
int klp_module_coming(struct module *mod)
{
	int ret;

	if (WARN_ON(mod->state != MODULE_STATE_COMING))
		return -EINVAL;
	if (!strcmp(mod->name, "vmlinux")) {
		pr_err("vmlinux.ko: invalid module name\n");
		return -EINVAL;
	}
	if (klp_module_unconcerned(mod, true))
		return 0;

	guard(mutex)(&klp_sites_mutex);
	scoped_guard(klp_mutex) {
		mod->klp_alive = true;
		ret = klp_module_apply(mod);
		if (ret)
			mod->klp_alive = false;
	}
	if (ret)
		klp_sites_drop_module(mod);
	return ret;
}

/**
 * klp_module_going() - take a module out of every patch
 * @mod:	the module, in state GOING, or COMING if its loading failed
 *
 * Its functions stay redirected until here: its exit function may need the new
 * ones.
 *
 * Context: Process context, called by the module loader.  May sleep.
 */
void klp_module_going(struct module *mod)
{
	if (WARN_ON(mod->state != MODULE_STATE_GOING &&
		    mod->state != MODULE_STATE_COMING))
		return;
	if (klp_module_unconcerned(mod, false))
		return;

	guard(mutex)(&klp_sites_mutex);
	scoped_guard(klp_mutex) {
		mod->klp_alive = false;
		klp_module_revert(mod);
	}
	klp_sites_drop_module(mod);
}
