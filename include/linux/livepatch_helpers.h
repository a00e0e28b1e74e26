/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching: what the source of a patch may say.
 *
 * A diff that becomes a patch by `klp build` can add these to a file that it changes.
 * They belong to the object that the file is part of, vmlinux or a module:
 *
 *	KLP_PRE_PATCH_CALLBACK(fn)	int fn(struct klp_object *obj)
 *	KLP_POST_PATCH_CALLBACK(fn)	void fn(struct klp_object *obj)
 *	KLP_PRE_UNPATCH_CALLBACK(fn)	void fn(struct klp_object *obj)
 *	KLP_POST_UNPATCH_CALLBACK(fn)	void fn(struct klp_object *obj)
 *	KLP_STATE(name, id, version)	a system state, as klp_get_state() finds it
 *	KLP_SYSCALL_DEFINEn(...)	instead of SYSCALL_DEFINEn() in code of a patch
 *	KLP_STATIC_CALL(name)		instead of static_call(), where its key is a module's
 *
 * A patch written as a module of its own says where a symbol is that nobody exports:
 *
 *	extern int some_fn(int) KLP_RELOC(vmlinux, some_fn, 0);
 *
 * and becomes loadable by `klp link`.
 */
#ifndef _LINUX_LIVEPATCH_HELPERS_H
#define _LINUX_LIVEPATCH_HELPERS_H

#include <linux/compiler.h>
#include <linux/stringify.h>
#include <linux/livepatch.h>

#ifdef MODULE
#define KLP_OBJNAME __KBUILD_MODNAME
#else
#define KLP_OBJNAME vmlinux
#endif

/*
 * What tools find: a pointer to the function, in a symbol whose name begins with one of
 * these prefixes and ends with the name of the object.  Its section does not become part
 * of the patch; what it points to does, and the generated part of the patch calls it.
 */
#define KLP_CALLBACK_PTRS		.discard.klp_callback_ptrs
#define KLP_PRE_PATCH_PREFIX		__klp_pre_patch_callback_
#define KLP_POST_PATCH_PREFIX		__klp_post_patch_callback_
#define KLP_PRE_UNPATCH_PREFIX		__klp_pre_unpatch_callback_
#define KLP_POST_UNPATCH_PREFIX		__klp_post_unpatch_callback_

typedef int (*klp_pre_patch_t)(struct klp_object *obj);
typedef void (*klp_post_patch_t)(struct klp_object *obj);
typedef void (*klp_pre_unpatch_t)(struct klp_object *obj);
typedef void (*klp_post_unpatch_t)(struct klp_object *obj);

#define __KLP_PASTE(a, b)	a ## b
#define __KLP_NAME(a, b)	__KLP_PASTE(a, b)
#define __KLP_CALLBACK(type, prefix, fn)				\
	type __KLP_NAME(prefix, KLP_OBJNAME) __used			\
	__section(__stringify(KLP_CALLBACK_PTRS)) = fn

#define KLP_PRE_PATCH_CALLBACK(fn) \
	__KLP_CALLBACK(klp_pre_patch_t, KLP_PRE_PATCH_PREFIX, fn)
#define KLP_POST_PATCH_CALLBACK(fn) \
	__KLP_CALLBACK(klp_post_patch_t, KLP_POST_PATCH_PREFIX, fn)
#define KLP_PRE_UNPATCH_CALLBACK(fn) \
	__KLP_CALLBACK(klp_pre_unpatch_t, KLP_PRE_UNPATCH_PREFIX, fn)
#define KLP_POST_UNPATCH_CALLBACK(fn) \
	__KLP_CALLBACK(klp_post_unpatch_t, KLP_POST_UNPATCH_PREFIX, fn)

/**
 * struct klp_state_declaration - a system state that a patch knows
 * @id:		name of the state, not 0
 * @version:	how far the change goes
 * @state:	the core's view of it, with the author's data; set before any callback
 *		of the patch runs
 */
struct klp_state_declaration {
	unsigned long id;
	unsigned int version;
	struct klp_state *state;
};

/* A variable @name of that type, found as callbacks are: by __klp_state_@name. */
#define KLP_STATE(name, _id, _version)						\
	static struct klp_state_declaration name = {				\
		.id = (_id),							\
		.version = (_version),						\
	};									\
	static struct klp_state_declaration *__klp_state_##name __used		\
	__section(__stringify(KLP_CALLBACK_PTRS)) = &name

/*
 * The name says it all: object, symbol and position, as kallsyms knows them.  Weak, so
 * that modpost accepts what nobody exports; a module that klp link has not seen finds
 * the address to be NULL, and should refuse to load.
 */
#define KLP_RELOC(object, symbol, position)					\
	__asm__("\".klp.sym." __stringify(object) "." __stringify(symbol)	\
		"," __stringify(position) "\"") __weak

/* A static call of a module as a plain indirect call: no site that would be patched */
#define KLP_STATIC_CALL(name) \
	((typeof(STATIC_CALL_TRAMP(name)) *)(READ_ONCE(STATIC_CALL_KEY(name).func)))

/*
 * A system call without the records that tracing keeps of it: those of the original
 * stay in use.
 */
#ifdef CONFIG_X86_64
#include <linux/syscalls.h>

#define KLP_SYSCALL_DEFINE1(name, ...) KLP_SYSCALL_DEFINEx(1, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE2(name, ...) KLP_SYSCALL_DEFINEx(2, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE3(name, ...) KLP_SYSCALL_DEFINEx(3, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE4(name, ...) KLP_SYSCALL_DEFINEx(4, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE5(name, ...) KLP_SYSCALL_DEFINEx(5, _##name, __VA_ARGS__)
#define KLP_SYSCALL_DEFINE6(name, ...) KLP_SYSCALL_DEFINEx(6, _##name, __VA_ARGS__)

#define KLP_SYSCALL_DEFINEx(x, name, ...)					\
	static long __se_sys##name(__MAP(x, __SC_LONG, __VA_ARGS__));		\
	static inline long __klp_do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__));\
	__X64_SYS_STUBx(x, name, __VA_ARGS__)					\
	__IA32_SYS_STUBx(x, name, __VA_ARGS__)					\
	static long __se_sys##name(__MAP(x, __SC_LONG, __VA_ARGS__))		\
	{									\
		long ret = __klp_do_sys##name(__MAP(x, __SC_CAST, __VA_ARGS__));\
										\
		__MAP(x, __SC_TEST, __VA_ARGS__);				\
		__PROTECT(x, ret, __MAP(x, __SC_ARGS, __VA_ARGS__));		\
		return ret;							\
	}									\
	static inline long __klp_do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__))
#endif /* CONFIG_X86_64 */

#endif /* _LINUX_LIVEPATCH_HELPERS_H */
