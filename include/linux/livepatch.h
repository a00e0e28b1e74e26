/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching: what a patch module declares, and what the kernel calls.
 *
 * A patch module fills the structures below and hands them over in one call of
 * klp_enable_patch().  They hold nothing but the declaration; what the core
 * tracks about an enabled patch is its own and private.
 */
#ifndef _LINUX_LIVEPATCH_H_
#define _LINUX_LIVEPATCH_H_

#include <linux/module.h>
#include <linux/ftrace.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/livepatch_sched.h>

#if IS_ENABLED(CONFIG_LIVEPATCH)

/* The side of a task, as /proc/<pid>/patch_state shows it. */
#define KLP_TRANSITION_IDLE		-1	/* no transition is going on */
#define KLP_TRANSITION_UNPATCHED	 0	/* runs what ran without the patch */
#define KLP_TRANSITION_PATCHED		 1	/* runs what the patch brings */

/**
 * struct klp_func - a function to replace
 * @old_name:	name of the function to replace; required
 * @new_func:	entry of the code that runs instead; required
 * @old_sympos:	which function of that name in the object is meant, in the order
 *		of the object's symbol table: 1 for the first, 2 for the second;
 *		0 demands that the name is unique
 *
 * An array of these ends at the entry that is all zero.
 */
struct klp_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
};

struct klp_object;

/**
 * struct klp_callbacks - what to run when an object is patched or unpatched
 * @pre_patch:		before the object's functions are redirected; anything but
 *			0 refuses the patch, or the module that is being loaded
 * @post_patch:		after every task runs the new functions
 * @pre_unpatch:	before tasks begin to leave the new functions
 * @post_unpatch:	after every task has left them; undoes @pre_patch
 *
 * All are optional.  They run in process context under the core's lock: they may
 * sleep, but must neither load nor unload a module, nor touch the sysfs files of
 * a patch.
 */
struct klp_callbacks {
	int (*pre_patch)(struct klp_object *obj);
	void (*post_patch)(struct klp_object *obj);
	void (*pre_unpatch)(struct klp_object *obj);
	void (*post_unpatch)(struct klp_object *obj);
};

/**
 * struct klp_object - the kernel proper, or a module, with what to replace in it
 * @name:	name of the module, as in /proc/modules; NULL for vmlinux
 * @funcs:	functions to replace; may be empty, must not be NULL
 * @callbacks:	what to run when the object is patched or unpatched
 * @mod:	the module while it is loaded, else NULL; set by the core, for the
 *		callbacks to read
 *
 * An array of these ends at the entry without @name and without @funcs.
 */
struct klp_object {
	const char *name;
	struct klp_func *funcs;
	struct klp_callbacks callbacks;
	struct module *mod;
};

/**
 * struct klp_state - a change of the system that outlives one patch
 * @id:		name of the change, not 0
 * @version:	how far the change goes
 * @data:	the author's, handed from patch to patch
 *
 * An array of these ends at the entry with @id 0.
 */
struct klp_state {
	unsigned long id;
	unsigned int version;
	void *data;
};

/**
 * struct klp_patch - a patch
 * @mod:	the patch module, THIS_MODULE
 * @objs:	what to patch
 * @states:	the system states that the patch knows, or NULL
 * @replace:	replace every patch enabled so far, instead of adding to them
 */
struct klp_patch {
	struct module *mod;
	struct klp_object *objs;
	struct klp_state *states;
	bool replace;
};

#define klp_for_each_object_static(patch, obj) \
	for (obj = (patch)->objs; obj->funcs || obj->name; obj++)

#define klp_for_each_func_static(obj, func) \
	for (func = (obj)->funcs; \
	     func->old_name || func->new_func || func->old_sympos; \
	     func++)

int klp_enable_patch(struct klp_patch *patch);

/* Section lookup in the patch module itself */
void *klp_find_section_by_name(const struct module *mod, const char *name,
			       size_t *sec_size);

/* Shadow variables */
typedef int (*klp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
typedef void (*klp_shadow_dtor_t)(void *obj, void *shadow_data);

void *klp_shadow_get(void *obj, unsigned long id);
void *klp_shadow_alloc(void *obj, unsigned long id, size_t size,
		       gfp_t gfp_flags, klp_shadow_ctor_t ctor,
		       void *ctor_data);
void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size,
			      gfp_t gfp_flags, klp_shadow_ctor_t ctor,
			      void *ctor_data);
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor);
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor);

/* System states */
struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id);
struct klp_state *klp_get_prev_state(unsigned long id);

/* Called by the module loader */
int klp_module_coming(struct module *mod);
void klp_module_going(struct module *mod);
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname);

/* Called for tasks: fork, exit, and the places where a task may change sides */
void klp_copy_process(struct task_struct *child);
void klp_exit_begin(void);
void klp_exit_end(void);
void klp_update_patch_state(struct task_struct *task);

static inline bool klp_patch_pending(struct task_struct *task)
{
	return test_tsk_thread_flag(task, TIF_PATCH_PENDING);
}

static inline bool klp_have_reliable_stack(void)
{
	return IS_ENABLED(CONFIG_STACKTRACE) &&
	       IS_ENABLED(CONFIG_HAVE_RELIABLE_STACKTRACE);
}

#else /* !CONFIG_LIVEPATCH */

static inline int klp_module_coming(struct module *mod) { return 0; }
static inline void klp_module_going(struct module *mod) { }
static inline
int klp_apply_section_relocs(struct module *pmod, Elf_Shdr *sechdrs,
			     const char *shstrtab, const char *strtab,
			     unsigned int symindex, unsigned int secindex,
			     const char *objname)
{
	return 0;
}

static inline void klp_copy_process(struct task_struct *child) { }
static inline void klp_exit_begin(void) { }
static inline void klp_exit_end(void) { }
static inline void klp_update_patch_state(struct task_struct *task) { }
static inline bool klp_patch_pending(struct task_struct *task) { return false; }

#endif /* CONFIG_LIVEPATCH */

#endif /* _LINUX_LIVEPATCH_H_ */
