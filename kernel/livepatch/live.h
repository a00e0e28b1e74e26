/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nouns: live patch, live object, live function. */
#ifndef _KLP_LIVE_H
#define _KLP_LIVE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/livepatch.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

struct klp_site;

/* A set of sides, for struct klp_live_patch.sides */
#define KLP_ON_UNPATCHED	BIT(KLP_TRANSITION_UNPATCHED)
#define KLP_ON_PATCHED		BIT(KLP_TRANSITION_PATCHED)
#define KLP_ON_BOTH		(KLP_ON_UNPATCHED | KLP_ON_PATCHED)

/**
 * struct klp_piece - code that the compiler split off a function
 * @next:	the next piece of the same function
 * @start:	first byte
 * @size:	in bytes
 */
struct klp_piece {
	struct klp_piece *next;
	unsigned long start;
	unsigned long size;
};

/**
 * struct klp_code - where the code of one function lies
 * @start:	its entry
 * @size:	in bytes, up to the next symbol
 * @pieces:	``.cold`` and ``.part`` code, elsewhere
 */
struct klp_code {
	unsigned long start;
	unsigned long size;
	struct klp_piece *pieces;
};

/**
 * struct klp_live_func - what the core tracks about one &struct klp_func
 * @decl:	the declaration
 * @object:	the object it belongs to
 * @old_code:	the function to replace; @start is 0 while the object is absent
 * @new_code:	what runs instead
 * @ip:		ftrace location of the function to replace; 0 with @old_code
 * @site:	the site it has a place on, or NULL
 * @node:	its place in &klp_site.funcs
 */
struct klp_live_func {
	struct klp_func *decl;
	struct klp_live_object *object;
	struct klp_code old_code;
	struct klp_code new_code;
	unsigned long ip;
	struct klp_site *site;
	struct list_head node;
};

/**
 * struct klp_live_object - what the core tracks about one &struct klp_object
 * @decl:	the declaration; its @mod is set while the module may be patched
 * @patch:	the patch it belongs to
 * @node:	its place in &klp_live_patch.objects, in the author's order
 * @kobj:	its directory; owns this memory
 * @patched:	its functions have their places on sites
 * @prepared:	its pre_patch callback has run, its post_unpatch callback has not
 * @nr_funcs:	number of @funcs
 * @funcs:	its functions, in the author's order
 */
struct klp_live_object {
	struct klp_object *decl;
	struct klp_live_patch *patch;
	struct list_head node;
	struct kobject kobj;
	bool patched;
	bool prepared;
	unsigned int nr_funcs;
	struct klp_live_func funcs[] __counted_by(nr_funcs);
};

/**
 * enum klp_way - how a task came to the other side
 * @KLP_WAY_STACK:	its stack was seen to be clear
 * @KLP_WAY_KERNEL_EXIT: it was on its way to user mode
 * @KLP_WAY_IDLE:	it was in the idle loop
 * @KLP_WAY_FORK:	it was born there
 * @KLP_WAY_RESCHED:	it looked at its own stack, in cond_resched()
 * @KLP_WAY_EXIT:	it came to its end
 * @KLP_WAY_FORCED:	nobody looked
 * @KLP_WAYS:		number of ways
 */
enum klp_way {
	KLP_WAY_STACK,
	KLP_WAY_KERNEL_EXIT,
	KLP_WAY_IDLE,
	KLP_WAY_FORK,
	KLP_WAY_RESCHED,
	KLP_WAY_EXIT,
	KLP_WAY_FORCED,
	KLP_WAYS,
};

/**
 * struct klp_stats - what a transition took
 * @moved:	number of tasks, by the way they moved
 * @passes:	how often the tasks that were left were looked at
 * @began:	when tasks began to move
 * @ended:	when the last had moved; 0 until then
 * @hold_ns:	the longest that klp_mutex was held since the transition began, by
 *		anybody
 */
struct klp_stats {
	atomic_t moved[KLP_WAYS];
	unsigned int passes;
	ktime_t began;
	ktime_t ended;
	u64 hold_ns;
};

/**
 * struct klp_live_patch - what the core tracks about one &struct klp_patch
 * @decl:	the declaration
 * @mod:	the patch module, pinned
 * @node:	its place in klp_patches, oldest first; empty when it is not there
 * @objects:	its objects, in the author's order
 * @kobj:	its directory; owns this memory
 * @sides:	the sides whose tasks run this patch.  Both, outside of a
 *		transition; only %KLP_ON_PATCHED for the patch in transition; only
 *		%KLP_ON_UNPATCHED for a patch that is being replaced; none when it
 *		has been left
 * @enabled:	what ``enabled`` shows: tasks are, or go, on its patched side
 * @forced:	tasks may still run its code: the module stays
 * @stats:	of its transition, or the last one
 * @release:	the way out, once nothing refers to it
 */
struct klp_live_patch {
	struct klp_patch *decl;
	struct module *mod;
	struct list_head node;
	struct list_head objects;
	struct kobject kobj;
	unsigned int sides;
	bool enabled;
	bool forced;
	struct klp_stats stats;
	struct work_struct release;
};

extern struct mutex klp_mutex;
extern struct list_head klp_patches;

void klp_mutex_lock(void);
void klp_mutex_unlock(void);
void klp_mutex_account(struct klp_live_patch *patch);
void klp_mutex_forget(const struct klp_live_patch *patch);

/* guard(klp_mutex)(), scoped_guard(klp_mutex) */
DEFINE_LOCK_GUARD_0(klp_mutex, klp_mutex_lock(), klp_mutex_unlock())

#define klp_for_each_patch(patch) \
	list_for_each_entry(patch, &klp_patches, node)

#define klp_for_each_object(patch, obj) \
	list_for_each_entry(obj, &(patch)->objects, node)

#define klp_for_each_func(obj, func) \
	for (func = (obj)->funcs; func < (obj)->funcs + (obj)->nr_funcs; func++)

static inline bool klp_object_is_module(const struct klp_live_object *obj)
{
	return obj->decl->name;
}

static inline bool klp_object_is_loaded(const struct klp_live_object *obj)
{
	return !obj->decl->name || obj->decl->mod;
}

static inline const char *klp_object_name(const struct klp_live_object *obj)
{
	return obj->decl->name ?: "vmlinux";
}

static inline const char *klp_patch_name(const struct klp_live_patch *patch)
{
	return patch->mod->name;
}

struct klp_live_patch *klp_patch_create(struct klp_patch *decl,
					const struct kobj_type *patch_type,
					const struct kobj_type *object_type);
void klp_patch_put(struct klp_live_patch *patch);
void klp_patch_free(struct klp_live_patch *patch);
void klp_object_free(struct klp_live_object *obj);
void klp_code_forget(struct klp_code *code);

struct klp_live_patch *klp_patch_find(const struct module *mod);
struct klp_live_object *klp_object_find(const struct klp_live_patch *patch,
					const char *name);
bool klp_object_wanted(const char *name);
const char *klp_way_name(enum klp_way way);
void klp_patch_changed(struct klp_live_patch *patch);
void klp_patch_announce(struct klp_live_patch *patch, const char *event);

#endif /* _KLP_LIVE_H */
