// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nouns: live patch, live object, live function; create, find, free.
 */
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "live.h"

/**
 * DOC: Lifetime
 *
 * What a patch module declares and what the core tracks are two things.  The
 * declaration (&struct klp_patch and below) belongs to the author, often on the
 * heap, and the core writes only &klp_object.mod in it, under klp_mutex.  The
 * *live* records of this file belong to the core.
 *
 * * A live patch holds one reference on its module, so the declaration, the
 *   names and the new functions stay while anything refers to them.
 *   module_put() is the last touch of a patch.
 * * Live patches and live objects die in the release of their kobjects.  A
 *   release may come late (a reader of an open file, CONFIG_DEBUG_KOBJECT_RELEASE)
 *   and therefore looks at nothing but the record itself: names are copied.
 * * klp_patches holds the patches that are enabled or in transition, oldest
 *   first.  A patch leaves it for good: a disabled patch comes back only with
 *   its module loaded anew.
 */

/* Protects everything that is live; see "Locking" in core.c */
DEFINE_MUTEX(klp_mutex);
LIST_HEAD(klp_patches);		/* klp_mutex */

/* Since when klp_mutex is held, and to whose account; both under it */
static ktime_t klp_mutex_since;
static struct klp_live_patch *klp_mutex_payer;

void klp_mutex_lock(void)
{
	mutex_lock(&klp_mutex);
	klp_mutex_since = ktime_get();
}

void klp_mutex_unlock(void)
{
	u64 held = ktime_to_ns(ktime_sub(ktime_get(), klp_mutex_since));

	if (klp_mutex_payer && held > klp_mutex_payer->stats.hold_ns)
		WRITE_ONCE(klp_mutex_payer->stats.hold_ns, held);
	mutex_unlock(&klp_mutex);
}

/* In whose statistics the longest hold is to appear from now on */
void klp_mutex_account(struct klp_live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	klp_mutex_payer = patch;
}

/* The patch is on its way out */
void klp_mutex_forget(const struct klp_live_patch *patch)
{
	lockdep_assert_held(&klp_mutex);
	if (klp_mutex_payer == patch)
		klp_mutex_payer = NULL;
}

void klp_code_forget(struct klp_code *code)
{
	struct klp_piece *piece, *next;

	for (piece = code->pieces; piece; piece = next) {
		next = piece->next;
		kfree(piece);
	}
	*code = (struct klp_code){};
}

void klp_object_free(struct klp_live_object *obj)
{
	struct klp_live_func *func;

	klp_for_each_func(obj, func) {
		klp_code_forget(&func->old_code);
		klp_code_forget(&func->new_code);
	}
	kvfree(obj);
}

void klp_patch_free(struct klp_live_patch *patch)
{
	kfree(patch);
}

static struct klp_live_object *klp_object_create(struct klp_live_patch *patch,
						 struct klp_object *decl,
						 const struct kobj_type *type)
{
	struct klp_live_object *obj;
	struct klp_func *func;
	unsigned int nr = 0;

	klp_for_each_func_static(decl, func)
		nr++;
	obj = kvzalloc(struct_size(obj, funcs, nr), GFP_KERNEL);
	if (!obj)
		return NULL;

	kobject_init(&obj->kobj, type);
	obj->decl = decl;
	obj->patch = patch;
	obj->nr_funcs = nr;
	while (nr--) {
		obj->funcs[nr].decl = &decl->funcs[nr];
		obj->funcs[nr].object = obj;
	}
	decl->mod = NULL;
	return obj;
}

/**
 * klp_patch_put() - drop the core's hold on the records of a patch
 * @patch:	not in klp_patches, its directories gone
 *
 * Context: Process context.  Must not be called with klp_mutex held, since it
 * waits for the readers of what is left of the directories.
 */
void klp_patch_put(struct klp_live_patch *patch)
{
	struct klp_live_object *obj, *next;

	list_for_each_entry_safe(obj, next, &patch->objects, node) {
		list_del(&obj->node);
		kobject_put(&obj->kobj);
	}
	kobject_put(&patch->kobj);
}

/**
 * klp_patch_create() - make the records of a declared patch
 * @decl:	a declaration that klp_enable_patch() has found to be sound
 * @patch_type:	the type of the patch's directory
 * @object_type: the type of its objects' directories
 *
 * Context: Process context.  May sleep.
 * Return: the patch, with one reference that klp_patch_put() drops, or NULL when
 * out of memory.
 */
struct klp_live_patch *klp_patch_create(struct klp_patch *decl,
					const struct kobj_type *patch_type,
					const struct kobj_type *object_type)
{
	struct klp_live_patch *patch;
	struct klp_live_object *obj;
	struct klp_object *obj_decl;

	patch = kzalloc(sizeof(*patch), GFP_KERNEL);
	if (!patch)
		return NULL;

	kobject_init(&patch->kobj, patch_type);
	INIT_LIST_HEAD(&patch->node);
	INIT_LIST_HEAD(&patch->objects);
	patch->decl = decl;
	patch->mod = decl->mod;

	klp_for_each_object_static(decl, obj_decl) {
		obj = klp_object_create(patch, obj_decl, object_type);
		if (!obj) {
			klp_patch_put(patch);
			return NULL;
		}
		list_add_tail(&obj->node, &patch->objects);
	}
	return patch;
}

/* A module has one patch at a time: they would share its relocations. */
struct klp_live_patch *klp_patch_find(const struct module *mod)
{
	struct klp_live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch)
		if (patch->mod == mod)
			return patch;
	return NULL;
}

/* A patch has one object of a name: a second directory of the name is refused. */
struct klp_live_object *klp_object_find(const struct klp_live_patch *patch,
					const char *name)
{
	struct klp_live_object *obj;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_object(patch, obj)
		if (obj->decl->name && !strcmp(obj->decl->name, name))
			return obj;
	return NULL;
}

/* Does any live patch have something to say about the module of that name? */
bool klp_object_wanted(const char *name)
{
	struct klp_live_patch *patch;

	klp_for_each_patch(patch)
		if (klp_object_find(patch, name))
			return true;
	return false;
}

const char *klp_way_name(enum klp_way way)
{
	static const char * const name[] = {
		[KLP_WAY_STACK]	      = "stack",
		[KLP_WAY_KERNEL_EXIT] = "kernel_exit",
		[KLP_WAY_IDLE]	      = "idle",
		[KLP_WAY_FORK]	      = "fork",
		[KLP_WAY_RESCHED]     = "resched",
		[KLP_WAY_EXIT]	      = "exit",
		[KLP_WAY_FORCED]      = "forced",
	};

	return name[way];
}

/* Wakes those who poll the files that tell where a patch stands.  May sleep. */
void klp_patch_changed(struct klp_live_patch *patch)
{
	sysfs_notify(&patch->kobj, NULL, "enabled");
	sysfs_notify(&patch->kobj, NULL, "transition");
}

/**
 * klp_patch_announce() - send a uevent about the transition of a patch
 * @patch:	the patch
 * @event:	``complete``, ``reversed`` or ``forced``
 *
 * A change of the patch's directory, with TRANSITION=@event, and ENABLED, which
 * says where tasks are or go.  Nobody gets it when memory is short.
 *
 * Context: Process context.  May sleep.
 */
void klp_patch_announce(struct klp_live_patch *patch, const char *event)
{
	char transition[32], patch_name[MODULE_NAME_LEN + 16];
	char *envp[] = {
		patch_name, transition,
		patch->enabled ? "ENABLED=1" : "ENABLED=0", NULL
	};

	snprintf(transition, sizeof(transition), "TRANSITION=%s", event);
	snprintf(patch_name, sizeof(patch_name), "PATCH=%s",
		 klp_patch_name(patch));
	kobject_uevent_env(&patch->kobj, KOBJ_CHANGE, envp);
}
