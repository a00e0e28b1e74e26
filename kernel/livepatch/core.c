// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What: enable, disable, reverse, replace and force a patch, and what modules that
 * come and go have to do with it; each as a sequence of steps.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <trace/events/livepatch.h>

#include "core.h"
#include "live.h"
#include "reloc.h"
#include "site.h"
#include "state.h"
#include "symbol.h"
#include "transition.h"
#include "verify.h"

/**
 * DOC: Locking
 *
 * ::
 *
 *   klp_sites_mutex -> klp_mutex -> module_mutex
 *                                -> direct_mutex -> ftrace_lock -> text_mutex
 *                                -> text_mutex
 *                                -> cpus_read_lock
 *                                -> tasklist_lock -> pi_lock -> runqueue lock
 *
 * klp_mutex protects everything that is live: patches, the functions that have
 * places on sites, the transition.  It is taken by the entry points of this file
 * and by the works of transition.c, which hold it for one batch of tasks at a
 * time.  klp_sites_mutex is held around it by those who may register a site set or
 * drop one; see site.c.
 *
 * cpus_read_lock and ftrace_lock never nest: some architectures take the former
 * inside the latter.  The locks behind cond_resched() patching (static calls, jump
 * labels) take cpus_read_lock, and are taken without klp_mutex.  Nothing sleeps
 * under tasklist_lock.  No directory is removed under klp_mutex, since that waits
 * for whoever writes to one of its files.
 *
 * Callbacks run under klp_mutex.
 */

/* When to try again, in jiffies, if there was no memory */
#define KLP_DROP_DELAY		HZ

static void klp_drop_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(klp_drop, klp_drop_work);

static void klp_drop_later(unsigned long delay)
{
	mod_delayed_work(klp_wq, &klp_drop, delay);
}

static void klp_drop_work(struct work_struct *work)
{
	if (klp_sites_drop_idle() == -ENOMEM)
		klp_drop_later(KLP_DROP_DELAY);
}

/* Wait until what nobody needs any more is gone.  No lock held. */
void klp_drop_flush(void)
{
	klp_drop_later(0);
	flush_delayed_work(&klp_drop);
}

/* How long to wait, in jiffies, whether another transition follows at once */
#define KLP_SETTLE_DELAY	(HZ / 10)

static void klp_settle_work(struct work_struct *work)
{
	while (klp_sites_settle())
		cond_resched();
}

static DECLARE_DELAYED_WORK(klp_settle, klp_settle_work);

static void klp_settle_later(void)
{
	if (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_JMP))
		mod_delayed_work(klp_wq, &klp_settle, KLP_SETTLE_DELAY);
}

/* klp_mutex, at a moment when a transition may begin, or one is under way */
void klp_lock(void)
{
	for (;;) {
		klp_mutex_lock();
		if (klp_transition_settled())
			return;
		klp_mutex_unlock();
		klp_transition_settle();
	}
}

void klp_unlock(void)
{
	klp_mutex_unlock();
}

/* klp_lock() under klp_sites_mutex; waits with neither, so modules come and go */
void klp_lock_sites(void)
{
	for (;;) {
		mutex_lock(&klp_sites_mutex);
		klp_mutex_lock();
		if (klp_transition_settled())
			return;
		klp_unlock_sites();
		klp_transition_settle();
	}
}

void klp_unlock_sites(void)
{
	klp_mutex_unlock();
	mutex_unlock(&klp_sites_mutex);
}

/* ---- callbacks ---- */

/* A positive result would look like success to the module loader */
static int klp_pre_patch(struct klp_live_object *obj)
{
	int (*callback)(struct klp_object *) = obj->decl->callbacks.pre_patch;
	int ret = callback ? callback(obj->decl) : 0;

	obj->prepared = !ret;
	if (ret)
		pr_warn("pre-patch callback failed for object '%s'\n",
			klp_object_name(obj));
	return ret > 0 ? -EINVAL : ret;
}

static void klp_post_patch(struct klp_live_object *obj)
{
	if (obj->decl->callbacks.post_patch)
		obj->decl->callbacks.post_patch(obj->decl);
}

static void klp_pre_unpatch(struct klp_live_object *obj)
{
	if (obj->decl->callbacks.pre_unpatch)
		obj->decl->callbacks.pre_unpatch(obj->decl);
}

/* Undoes klp_pre_patch(), once */
static void klp_post_unpatch(struct klp_live_object *obj)
{
	if (obj->prepared && obj->decl->callbacks.post_unpatch)
		obj->decl->callbacks.post_unpatch(obj->decl);
	obj->prepared = false;
}

/* ---- one object ---- */

/* Calls go there for as long as the patch lives: no data, and no init code */
static bool klp_code_stays(const struct klp_live_func *func)
{
	unsigned long addr = (unsigned long)func->decl->new_func;

	if ((core_kernel_text(addr) || is_module_text_address(addr)) &&
	    !within_module_init(addr, func->object->patch->mod))
		return true;
	pr_err("replacement of '%s' is no code, or init code\n",
	       func->decl->old_name);
	return false;
}

/*
 * Once for the life of the patch.  Tasks may run it, by way of another function of
 * the patch, before the module comes whose function it replaces, and after that went.
 */
static int klp_func_resolve_new(struct klp_live_func *func,
				struct klp_symbols *syms)
{
	int ret;

	if (func->new_code.start)
		return 0;
	if (!klp_code_stays(func))
		return -EINVAL;
	ret = klp_symbols_code(syms, func->object->patch->mod, NULL,
			       (unsigned long)func->decl->new_func,
			       &func->new_code);
	if (ret == -ENOENT)
		pr_err("kallsyms size lookup failed for '%s' replacement\n",
		       func->decl->old_name);
	if (ret)
		klp_code_forget(&func->new_code);
	return ret;
}

static int klp_func_resolve_old(struct klp_live_func *func,
				struct klp_symbols *syms)
{
	const struct klp_object *object = func->object->decl;
	const struct klp_func *decl = func->decl;
	unsigned long addr;
	int ret;

	ret = klp_symbols_find(syms, object->name, decl->old_name,
			       decl->old_sympos, &addr);
	if (ret)
		return ret;

	ret = klp_symbols_code(syms, object->mod, decl->old_name, addr,
			       &func->old_code);
	if (ret) {
		pr_err("kallsyms size lookup failed for '%s'\n",
		       decl->old_name);
		return ret;
	}

	func->ip = klp_location_find(addr, func->old_code.size);
	if (!func->ip) {
		pr_err("failed to find location for function '%s'\n",
		       decl->old_name);
		return -EINVAL;
	}
	return 0;
}

/* Finds what the function names: of an absent object, only what is to run instead */
int klp_func_resolve(struct klp_live_func *func, struct klp_symbols *syms)
{
	int ret = 0;

	if (klp_object_is_loaded(func->object))
		ret = klp_func_resolve_old(func, syms);
	return ret ?: klp_func_resolve_new(func, syms);
}

static void klp_object_forget_funcs(struct klp_live_object *obj)
{
	struct klp_live_func *func;

	klp_for_each_func(obj, func) {
		klp_code_forget(&func->old_code);
		func->ip = 0;
	}
}

/* The inverse of klp_object_resolve() */
static void klp_object_forget(struct klp_live_object *obj)
{
	if (!klp_object_is_loaded(obj))
		return;
	klp_object_forget_funcs(obj);
	if (klp_object_is_module(obj))
		klp_relocs_clear(obj->patch->mod, obj->decl->name);
	obj->decl->mod = NULL;
}

/* Looks whether the object is there, and makes the patch fit it */
int klp_object_find_module(struct klp_live_object *obj,
			   struct klp_symbols *syms)
{
	int ret;

	if (!klp_object_is_module(obj))
		return 0;
	obj->decl->mod = klp_module_find(obj->decl->name);
	if (!obj->decl->mod)
		return 0;
	ret = klp_relocs_apply(obj->patch->mod, obj->decl->name, syms);
	if (ret)
		obj->decl->mod = NULL;
	return ret;
}

static int klp_object_differs(void *cookie, const struct klp_live_object *obj,
			      const char *func, const char *why)
{
	if (func)
		pr_err("'%s': function '%s' in object '%s' %s\n",
		       klp_patch_name(obj->patch), func, klp_object_name(obj),
		       why);
	else
		pr_err("'%s': object '%s' %s\n", klp_patch_name(obj->patch),
		       klp_object_name(obj), why);
	return -ENOEXEC;
}

/* Finds everything that the object names, and looks at it if that is wanted */
static int klp_object_resolve(struct klp_live_object *obj,
			      struct klp_symbols *syms)
{
	struct klp_live_func *func;
	int ret;

	ret = klp_object_find_module(obj, syms);
	if (ret)
		return ret;

	klp_for_each_func(obj, func) {
		cond_resched();
		ret = klp_func_resolve(func, syms);
		if (ret)
			break;
	}
	if (!ret && klp_object_is_loaded(obj))
		ret = klp_object_verify(obj, klp_object_differs, NULL);
	if (ret)
		klp_object_forget(obj);
	return ret;
}

/* Sends calls of the object's functions to where the patches' sides say */
static int klp_object_redirect(struct klp_live_object *obj)
{
	struct klp_site_set *set;
	int ret = 0;

	set = klp_sites_attach(obj);
	if (IS_ERR(set))
		return PTR_ERR(set);

	/* Tasks are moving: they must know this code before they can run it */
	if (klp_transition_moving())
		ret = klp_transition_cover();
	if (!ret)
		ret = klp_sites_connect(obj, set);
	if (ret) {
		klp_sites_detach(obj);
		klp_synchronize();
		klp_sites_discard(set);
		return ret;
	}
	WRITE_ONCE(obj->patched, true);
	return 0;
}

static void klp_object_restore(struct klp_live_object *obj)
{
	klp_sites_detach(obj);
	WRITE_ONCE(obj->patched, false);
}

/* ---- a transition, from its end ---- */

static void klp_release(struct klp_live_patch *patch)
{
	list_del_init(&patch->node);
	WRITE_ONCE(patch->enabled, false);
	klp_mutex_forget(patch);
}

/* All tasks are at the goal: nothing but the goal remains */
static void klp_transition_finish(void)
{
	struct klp_live_patch *patch = klp_transition_patch(), *left;
	int goal = klp_transition_goal();
	struct klp_live_object *obj;

	pr_debug("'%s': completing %s transition\n", klp_patch_name(patch),
		 klp_goal_name(goal));

	klp_transition_merge();
	klp_for_each_patch(left)
		if (!left->sides)
			klp_for_each_object(left, obj)
				klp_object_restore(obj);

	klp_for_each_object(patch, obj) {
		if (!klp_object_is_loaded(obj))
			continue;
		if (goal == KLP_TRANSITION_PATCHED)
			klp_post_patch(obj);
		else
			klp_post_unpatch(obj);
	}

	pr_notice("'%s': %s complete\n", klp_patch_name(patch),
		  klp_goal_name(goal));
}

/* Those that have been left are gone for users before the transition is */
static void klp_patches_leave(struct list_head *gone)
{
	struct klp_live_patch *patch, *next;

	list_for_each_entry_safe(patch, next, &klp_patches, node) {
		if (patch->sides)
			continue;
		klp_release(patch);
		list_add_tail(&patch->node, gone);
	}
}

static void klp_patches_go(struct list_head *gone)
{
	struct klp_live_patch *patch, *next;

	list_for_each_entry_safe(patch, next, gone, node) {
		list_del_init(&patch->node);
		klp_patch_changed(patch);
		queue_work(klp_wq, &patch->release);
	}
}

/* Called by transition.c, when no task is pending any more */
static void klp_transition_complete(void)
{
	struct klp_live_patch *patch = klp_transition_patch();
	LIST_HEAD(gone);

	klp_transition_finish();
	klp_patches_leave(&gone);
	klp_transition_end();
	klp_patch_announce(patch, "complete");
	klp_patch_changed(patch);
	klp_patches_go(&gone);
	klp_drop_later(0);
	klp_settle_later();
}

/* ---- enable ---- */

/**
 * klp_patch_admit() - could this patch be enabled now?
 * @decl:	the patch
 *
 * Context: Expects klp_lock() held.
 * Return: 0; -EBUSY during a transition, or if a patch of the same module is enabled
 * already; -EINVAL if a state that a present patch has changed stands against it.
 */
int klp_patch_admit(const struct klp_patch *decl)
{
	const struct klp_live_patch *busy = klp_transition_patch();

	if (busy) {
		pr_err("patch '%s' has to wait for the transition of '%s'\n",
		       decl->mod->name, klp_patch_name(busy));
		return -EBUSY;
	}
	if (klp_patch_find(decl->mod)) {
		pr_err("patch '%s' is enabled already\n", decl->mod->name);
		return -EBUSY;
	}
	if (!klp_states_admit(decl)) {
		pr_err("Livepatch patch (%s) is not compatible with the already installed livepatches.\n",
		       decl->mod->name);
		return -EINVAL;
	}
	return 0;
}

/* The inverse of klp_patch_resolve() */
void klp_patch_forget(struct klp_live_patch *patch)
{
	struct klp_live_object *obj;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_object(patch, obj)
		klp_object_forget(obj);
}

/**
 * klp_patch_resolve() - find everything that a patch names
 * @patch:	a new patch
 *
 * Context: Process context.  Expects klp_lock() held.
 * Return: 0; -EINVAL if a name cannot be found, or only too often, or cannot be
 * redirected, or not to where it should go, or a relocation is not as it should be;
 * -ENOENT if the size of a function is unknown; -ENOEXEC if ``verify`` is on and a
 * function is not what the patch was built against; -ENOMEM; what the architecture
 * says of a relocation.
 */
int klp_patch_resolve(struct klp_live_patch *patch)
{
	struct klp_symbols syms = KLP_SYMBOLS_INIT(syms);
	struct klp_live_object *obj;
	int ret = 0;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_object(patch, obj) {
		ret = klp_object_resolve(obj, &syms);
		if (ret) {
			pr_err("failed to initialize patch '%s' for object '%s' (%d)\n",
			       klp_patch_name(patch), klp_object_name(obj), ret);
			break;
		}
	}
	klp_symbols_free(&syms);
	if (ret)
		klp_patch_forget(patch);
	return ret;
}

static int klp_object_enable(struct klp_live_object *obj)
{
	int ret;

	ret = klp_pre_patch(obj);
	if (ret)
		return ret;
	ret = klp_object_redirect(obj);
	if (ret)
		pr_warn("failed to patch object '%s'\n", klp_object_name(obj));
	return ret;
}

static int klp_objects_enable(struct klp_live_patch *patch)
{
	struct klp_live_object *obj;
	int ret;

	klp_for_each_object(patch, obj) {
		if (!klp_object_is_loaded(obj))
			continue;
		ret = klp_object_enable(obj);
		if (ret)
			return ret;
	}
	return 0;
}

/* On the patched side, nobody runs what this patch replaces */
static void klp_patch_supersede(struct klp_live_patch *patch)
{
	struct klp_live_patch *other;

	klp_for_each_patch(other)
		if (other != patch)
			other->sides = KLP_ON_UNPATCHED;
}

static void klp_patch_cancel(struct klp_live_patch *patch)
{
	pr_warn("failed to enable patch '%s'\n", klp_patch_name(patch));
	pr_debug("'%s': canceling patching transition, going to unpatch\n",
		 klp_patch_name(patch));
	klp_transition_cancel();
	klp_transition_finish();
	klp_release(patch);
	klp_transition_end();
	klp_settle_later();
}

/**
 * klp_patch_enable() - begin to enable a patch
 * @patch:	admitted and resolved
 *
 * The caller makes the first pass, when it has let go of the locks.
 *
 * Context: Process context.  Expects klp_lock_sites() held.
 * Return: 0; what a pre_patch callback said; what klp_sites_connect() said; or
 * -ENOMEM.  After an error everything is as before, but that idle sites may wait to
 * be dropped: see klp_drop_flush().
 */
int klp_patch_enable(struct klp_live_patch *patch)
{
	int ret;

	pr_notice("enabling patch '%s'\n", klp_patch_name(patch));
	klp_transition_prepare(patch, KLP_TRANSITION_PATCHED);
	pr_debug("'%s': initializing %s transition\n", klp_patch_name(patch),
		 klp_goal_name(KLP_TRANSITION_PATCHED));

	patch->sides = KLP_ON_PATCHED;
	list_add_tail(&patch->node, &klp_patches);
	ret = klp_objects_enable(patch);
	if (!ret && patch->decl->replace)
		klp_patch_supersede(patch);
	if (!ret)
		ret = klp_sites_unsettle();
	if (!ret)
		ret = klp_transition_cover();
	if (ret) {
		klp_patch_cancel(patch);
		return ret;
	}

	klp_transition_fork();
	WRITE_ONCE(patch->enabled, true);
	klp_transition_move();
	return 0;
}

/* ---- disable, reverse, force ---- */

static void klp_patch_stays(const struct klp_live_patch *patch, int ret)
{
	pr_warn("failed to disable patch '%s' (%d)\n", klp_patch_name(patch),
		ret);
}

/*
 * The sites of a patch must not jump when it is about to be disabled.  This changes
 * no more than how its functions are called.
 */
static int klp_patch_unsettle(struct klp_live_patch *patch)
{
	int ret;

	if (klp_transition_patch() || list_empty(&patch->node))
		return 0;
	patch->sides = KLP_ON_PATCHED;
	ret = klp_sites_unsettle();
	patch->sides = KLP_ON_BOTH;
	if (ret)
		klp_patch_stays(patch, ret);
	return ret;
}

static int klp_patch_disable(struct klp_live_patch *patch)
{
	struct klp_live_object *obj;
	int ret;

	/* The only steps that can fail, while nothing has been touched */
	patch->sides = KLP_ON_PATCHED;
	ret = klp_sites_must_call() ? -EAGAIN : klp_transition_cover();
	if (ret) {
		patch->sides = KLP_ON_BOTH;
		if (ret != -EAGAIN)
			klp_patch_stays(patch, ret);
		return ret;
	}

	klp_transition_prepare(patch, KLP_TRANSITION_UNPATCHED);
	pr_debug("'%s': initializing %s transition\n", klp_patch_name(patch),
		 klp_goal_name(KLP_TRANSITION_UNPATCHED));
	klp_for_each_object(patch, obj)
		if (obj->patched)
			klp_pre_unpatch(obj);

	klp_transition_fork();
	WRITE_ONCE(patch->enabled, false);
	klp_transition_move();
	klp_patch_changed(patch);
	return 0;
}

static void klp_patch_reverse(struct klp_live_patch *patch)
{
	pr_debug("'%s': reversing transition from %s\n", klp_patch_name(patch),
		 klp_transition_goal() == KLP_TRANSITION_PATCHED ?
		 "patching to unpatching" : "unpatching to patching");
	WRITE_ONCE(patch->enabled, !patch->enabled);
	klp_transition_reverse();
	klp_patch_announce(patch, "reversed");
	klp_patch_changed(patch);
}

static int klp_patch_toggle(struct klp_live_patch *patch, bool enabled)
{
	if (list_empty(&patch->node) || patch->enabled == enabled)
		return -EINVAL;
	if (patch == klp_transition_patch()) {
		klp_patch_reverse(patch);
		return 0;
	}
	return klp_transition_patch() ? -EBUSY : klp_patch_disable(patch);
}

/* With what may have to be waited for: whoever writes jumps or drops a set */
static int klp_patch_toggle_settled(struct klp_live_patch *patch, bool enabled)
{
	int ret;

	klp_lock_sites();
	ret = klp_patch_unsettle(patch);
	if (!ret)
		ret = klp_patch_toggle(patch, enabled);
	klp_unlock_sites();
	if (ret)
		klp_settle_later();
	return ret;
}

/**
 * klp_patch_set_enabled() - begin to disable a patch, or turn its transition around
 * @patch:	the patch
 * @enabled:	whether tasks should run it
 *
 * Context: Process context, with no lock held.
 * Return: 0; -EINVAL if that is where tasks go or are already, or if the patch is on
 * its way out; -EBUSY if another patch is in transition; -ENODEV if the patch has
 * settled, and ftrace is dead; -ENOMEM.
 */
int klp_patch_set_enabled(struct klp_live_patch *patch, bool enabled)
{
	int ret;

	klp_lock();
	ret = klp_patch_toggle(patch, enabled);
	klp_unlock();
	if (ret == -EAGAIN)
		ret = klp_patch_toggle_settled(patch, enabled);
	if (!ret)
		klp_transition_pass();
	return ret;
}

/*
 * Which patches had a transition forced: whoever looks into odd behaviour of this
 * machine wants to know, until it is booted again.
 */
struct klp_forced {
	struct list_head node;
	char name[MODULE_NAME_LEN];
};

/*
 * Parameters are read under a lock that they all share, and some are written before
 * there are clocks: what they read and write has locks of its own, which nothing is
 * taken under.
 */
static DEFINE_MUTEX(klp_forced_mutex);
static LIST_HEAD(klp_forced);	/* klp_forced_mutex */

static int klp_forced_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int klp_forced_get(char *buf, const struct kernel_param *kp)
{
	const struct klp_forced *forced;
	int len = 0;

	guard(mutex)(&klp_forced_mutex);
	list_for_each_entry(forced, &klp_forced, node)
		len += scnprintf(buf + len, PAGE_SIZE - 1 - len, "%s%s",
				 len ? "," : "", forced->name);
	return len + scnprintf(buf + len, PAGE_SIZE - len, "\n");
}

static const struct kernel_param_ops klp_forced_ops = {
	.set = klp_forced_set,	/* on the command line */
	.get = klp_forced_get,
};

module_param_cb(forced, &klp_forced_ops, NULL, 0444);
MODULE_PARM_DESC(forced, "the patches that had a transition forced since boot");

/* Takes over @record */
static void klp_forced_note(struct klp_live_patch *patch,
			    struct klp_forced *record)
{
	struct klp_forced *forced;

	guard(mutex)(&klp_forced_mutex);
	list_for_each_entry(forced, &klp_forced, node) {
		if (!strcmp(forced->name, klp_patch_name(patch))) {
			kfree(record);
			return;
		}
	}
	strscpy(record->name, klp_patch_name(patch), sizeof(record->name));
	list_add_tail(&record->node, &klp_forced);
}

/* Tasks may run, for ever, what they were not seen to leave */
static void klp_transition_pin(struct klp_live_patch *patch)
{
	struct klp_live_patch *other;

	klp_for_each_patch(other)
		if (klp_transition_goal() == KLP_TRANSITION_PATCHED ?
		    other->sides == KLP_ON_UNPATCHED : other == patch)
			other->forced = true;
}

/**
 * klp_patch_force() - complete a transition whatever tasks are running
 * @patch:	the patch
 *
 * Context: Process context, with no lock held.
 * Return: 0; -EINVAL if @patch is not in transition; -ENOMEM.
 */
int klp_patch_force(struct klp_live_patch *patch)
{
	struct klp_forced *record = kzalloc(sizeof(*record), GFP_KERNEL);

	if (!record) {
		pr_warn("failed to force patch '%s' (%d)\n",
			klp_patch_name(patch), -ENOMEM);
		return -ENOMEM;
	}

	guard(klp_mutex)();
	if (patch != klp_transition_patch()) {
		kfree(record);
		return -EINVAL;
	}
	pr_warn("forcing remaining tasks to the patched state\n");
	klp_transition_pin(patch);
	klp_transition_force();
	klp_forced_note(patch, record);
	klp_patch_announce(patch, "forced");
	return 0;
}

/* Its place among the patches, from 1 for the oldest; 0 when it is on its way out */
int klp_patch_order(struct klp_live_patch *patch)
{
	struct klp_live_patch *other;
	int order = 0;

	guard(klp_mutex)();
	klp_for_each_patch(other) {
		order++;
		if (other == patch)
			return order;
	}
	return 0;
}

/* ---- modules ---- */

static bool klp_object_settled(const struct klp_live_object *obj)
{
	return obj->patch != klp_transition_patch();
}

/* Its module goes, or was refused */
static void klp_object_go(struct klp_live_object *obj)
{
	if (klp_object_settled(obj))
		klp_pre_unpatch(obj);
	pr_notice("reverting patch '%s' on unloading module '%s'\n",
		  klp_patch_name(obj->patch), obj->decl->name);
	klp_object_restore(obj);
	klp_post_unpatch(obj);
	trace_klp_module_going(obj->decl->name, klp_patch_name(obj->patch), 0);
	klp_object_forget(obj);
}

static int klp_object_patch_coming(struct klp_live_object *obj)
{
	int ret;

	pr_notice("applying patch '%s' to loading module '%s'\n",
		  klp_patch_name(obj->patch), obj->decl->name);
	ret = klp_pre_patch(obj);
	if (ret)
		return ret;
	ret = klp_object_redirect(obj);
	if (ret) {
		pr_warn("failed to apply patch '%s' to module '%s' (%d)\n",
			klp_patch_name(obj->patch), obj->decl->name, ret);
		klp_post_unpatch(obj);
		return ret;
	}
	if (klp_object_settled(obj))
		klp_post_patch(obj);
	return 0;
}

static int klp_object_come(struct klp_live_object *obj)
{
	struct klp_symbols syms = KLP_SYMBOLS_INIT(syms);
	int ret;

	ret = klp_object_resolve(obj, &syms);
	klp_symbols_free(&syms);
	if (ret) {
		pr_warn("failed to initialize patch '%s' for module '%s' (%d)\n",
			klp_patch_name(obj->patch), obj->decl->name, ret);
		return ret;
	}
	ret = klp_object_patch_coming(obj);
	if (ret)
		klp_object_forget(obj);
	return ret;
}

/**
 * klp_module_revert() - take a module out of every patch
 * @mod:	the module, on its way out
 *
 * What it leaves is for klp_sites_drop_module(), without klp_mutex.
 *
 * Context: Process context.  Expects klp_sites_mutex and klp_mutex held.
 */
void klp_module_revert(struct module *mod)
{
	struct klp_live_patch *patch;
	struct klp_live_object *obj;

	klp_for_each_patch(patch) {
		obj = klp_object_find(patch, mod->name);
		if (obj && obj->decl->mod)
			klp_object_go(obj);
	}
	/* Without the module's code; with it, at worst, some task waits in vain */
	if (klp_transition_moving())
		klp_transition_cover();
}

/**
 * klp_module_apply() - apply to a module what the patches have for it
 * @mod:	the module, on its way in
 *
 * Context: Process context.  Expects klp_sites_mutex and klp_mutex held.
 * Return: 0, or the error of the first patch that failed, with the others undone.
 */
int klp_module_apply(struct module *mod)
{
	struct klp_live_patch *patch;
	struct klp_live_object *obj;
	int ret;

	klp_for_each_patch(patch) {
		obj = klp_object_find(patch, mod->name);
		if (!obj)
			continue;
		ret = klp_object_come(obj);
		trace_klp_module_coming(mod->name, klp_patch_name(patch), ret);
		if (ret) {
			pr_warn("patch '%s' failed for module '%s', refusing to load module '%s'\n",
				klp_patch_name(patch), mod->name, mod->name);
			klp_module_revert(mod);
			return ret;
		}
	}
	klp_settle_later();
	return 0;
}

int __init klp_core_init(void)
{
	return klp_transition_init(klp_transition_complete);
}
