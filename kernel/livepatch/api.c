// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The patch author's door: makes a declared patch live.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "core.h"
#include "live.h"
#include "preflight.h"
#include "site.h"
#include "sysfs.h"
#include "transition.h"

/* ---- is the declaration sound? ---- */

static const char *klp_name_fault(const char *name, size_t max)
{
	size_t len = strnlen(name, max);

	return !len ? "an empty name" : len == max ? "a name that is too long" :
	       NULL;
}

/* What is wrong with it, or NULL */
static const char *klp_func_fault(const struct klp_func *func)
{
	if (!func->old_name)
		return "a function without a name";
	if (!func->new_func)
		return "a function without a replacement";
	return klp_name_fault(func->old_name, KSYM_NAME_LEN);
}

static const char *klp_object_fault(const struct klp_object *obj)
{
	const char *fault = NULL;
	const struct klp_func *func;

	if (!obj->funcs)
		return "an object without functions";
	if (obj->name)
		fault = klp_name_fault(obj->name, MODULE_NAME_LEN);
	if (obj->name && strchr(obj->name, '/'))
		fault = "a name that no module has";
	if (fault)
		return fault;
	klp_for_each_func_static(obj, func) {
		fault = klp_func_fault(func);
		if (fault)
			return fault;
	}
	return NULL;
}

static const char *klp_patch_fault(const struct klp_patch *patch)
{
	const struct klp_object *obj;
	const char *fault;

	if (!patch->objs)
		return "no objects";
	klp_for_each_object_static(patch, obj) {
		fault = klp_object_fault(obj);
		if (fault)
			return fault;
	}
	return NULL;
}

static int klp_patch_check(const struct klp_patch *patch)
{
	const char *fault;

	if (!patch || !patch->mod) {
		pr_err("a patch without a module is none\n");
		return -EINVAL;
	}
	fault = klp_patch_fault(patch);
	if (fault) {
		pr_err("patch '%s' has %s\n", patch->mod->name, fault);
		return -EINVAL;
	}
	if (!is_livepatch_module(patch->mod)) {
		pr_err("module %s is not marked as a livepatch module\n",
		       patch->mod->name);
		return -EINVAL;
	}
	/* Its relocations would not be found */
	if (!patch->mod->klp_info) {
		pr_err("module %s is not loaded far enough\n", patch->mod->name);
		return -EINVAL;
	}
	return 0;
}

/* ---- make it live ---- */

/*
 * The last of a patch.  Nothing refers to it any more, but the readers of its
 * files; and when they are gone, nothing does to its module.
 */
static void klp_patch_bury(struct klp_live_patch *patch)
{
	struct module *mod = patch->forced ? NULL : patch->mod;

	klp_sysfs_remove(patch);
	klp_patch_put(patch);
	module_put(mod);
}

static void klp_patch_release_work(struct work_struct *work)
{
	klp_patch_bury(container_of(work, struct klp_live_patch, release));
}

static struct klp_live_patch *klp_patch_new(struct klp_patch *decl)
{
	struct klp_live_patch *patch;

	if (!try_module_get(decl->mod))
		return ERR_PTR(-ENODEV);
	patch = klp_patch_create(decl, &klp_patch_type, &klp_object_type);
	if (!patch) {
		module_put(decl->mod);
		return ERR_PTR(-ENOMEM);
	}
	INIT_WORK(&patch->release, klp_patch_release_work);
	return patch;
}

static int klp_patch_start(struct klp_live_patch *patch)
{
	int ret;

	ret = klp_sysfs_add(patch);
	if (ret) {
		pr_err("failed to show patch '%s' in sysfs (%d)\n",
		       klp_patch_name(patch), ret);
		return ret;
	}
	ret = klp_patch_resolve(patch);
	if (ret)
		return ret;
	ret = klp_patch_enable(patch);
	if (ret)
		klp_patch_forget(patch);
	return ret;
}

/* Everything that would be looked at, and nothing that would be changed */
static int klp_patch_rehearse(struct klp_live_patch *patch, int refusal)
{
	int ret = klp_preflight(patch, refusal ?: klp_sysfs_add(patch));

	if (ret != -ECANCELED)
		pr_err("failed to rehearse patch '%s' (%d)\n",
		       klp_patch_name(patch), ret);
	return ret;
}

/* On an error, *@patch is what is left to bury, without the locks */
static int klp_patch_go_live(struct klp_patch *decl,
			     struct klp_live_patch **patch)
{
	bool rehearsal = klp_preflight_due(decl->mod);
	struct klp_live_patch *new;
	int ret;

	ret = klp_patch_admit(decl);
	if (ret && (!rehearsal || klp_patch_find(decl->mod)))
		return ret;
	new = klp_patch_new(decl);
	if (IS_ERR(new)) {
		pr_err("failed to set up patch '%s' (%ld)\n", decl->mod->name,
		       PTR_ERR(new));
		return PTR_ERR(new);
	}
	*patch = new;
	return rehearsal ? klp_patch_rehearse(new, ret) : klp_patch_start(new);
}

/**
 * klp_enable_patch() - enable a patch
 * @decl:	what the patch module declares
 *
 * Meant to be the last thing that the init function of a patch module does.  The
 * functions of objects that are there are redirected, and tasks begin to move to
 * them; for modules that are not loaded this happens when they are.  It is not
 * waited for: ``transition`` in the patch's directory reads 0 when every task has
 * moved.
 *
 * On success the core holds a reference on the module, until the patch has been
 * disabled or replaced.  After an error it holds nothing: the declaration can be
 * freed.
 *
 * Context: Process context, with no lock held that a callback of the patch takes.
 * May sleep.
 * Return:
 * * %0 - tasks are moving
 * * %-EINVAL - the declaration is not sound; the module is not marked by
 *   MODULE_INFO(livepatch, "Y"); a system state stands against it; a name
 *   is not to be found, or is ambiguous; a function cannot be traced; what
 *   replaces one is no code, or goes when init has returned; a
 *   livepatch relocation is not as it should be; or a pre_patch callback
 *   returned a positive value
 * * %-ENODEV - live patching did not come up, the module is going, or ftrace is dead
 * * %-EBUSY - another patch is in transition, or one of this module is enabled; somebody else
 *   redirects one of the functions; or kernel.ftrace_enabled is 0
 * * %-EEXIST - an object, or a function of an object, is declared twice
 * * %-ENOENT - the size of a function is not to be found
 * * %-ENOEXEC - the parameter ``verify`` is on, and an object or a function is not what
 *   the patch was built against
 * * %-EAGAIN - a BPF trampoline on one of the functions stays busy
 * * %-ENOMEM - out of memory
 * * %-ECANCELED - it was a rehearsal, see "Preflight" in preflight.c
 * * what a pre_patch callback returned, or the architecture about a relocation
 */
int klp_enable_patch(struct klp_patch *decl)
{
	struct klp_live_patch *patch = NULL;
	int ret;

	ret = klp_patch_check(decl);
	if (ret)
		return ret;
	if (!klp_sysfs_ready())
		return -ENODEV;
	if (!klp_have_reliable_stack()) {
		pr_warn("This architecture doesn't have support for the livepatch consistency model.\n");
		pr_warn("The livepatch transition may never complete.\n");
	}

	klp_lock_sites();
	ret = klp_patch_go_live(decl, &patch);
	klp_unlock_sites();

	if (!ret) {
		klp_transition_pass();
	} else if (patch) {
		klp_patch_bury(patch);
		klp_drop_flush();
	}
	return ret;
}
EXPORT_SYMBOL_GPL(klp_enable_patch);

/**
 * klp_find_section_by_name() - find a section of a patch module
 * @mod:	the patch module
 * @name:	the section's name
 * @sec_size:	set to its size in bytes, or 0
 *
 * Context: Any, while @mod stays.  A section of the init part is there only until
 * the module's init function has returned.
 * Return: where it was loaded, or NULL if @mod is no patch module or has none of
 * that name.
 */
void *klp_find_section_by_name(const struct module *mod, const char *name,
			       size_t *sec_size)
{
	const struct klp_modinfo *info = mod->klp_info;
	unsigned int i;

	*sec_size = 0;
	if (!info)
		return NULL;
	for (i = 1; i < info->hdr.e_shnum; i++) {
		const Elf_Shdr *sec = &info->sechdrs[i];

		/* The name of a section without a type may be anywhere */
		if (sec->sh_type != SHT_NULL && (sec->sh_flags & SHF_ALLOC) &&
		    !strcmp(info->secstrings + sec->sh_name, name)) {
			*sec_size = sec->sh_size;
			return (void *)sec->sh_addr;
		}
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(klp_find_section_by_name);

static int __init klp_init(void)
{
	int ret;

	ret = klp_core_init();
	if (ret)
		return ret;
	return klp_sysfs_init();
}
module_init(klp_init);
