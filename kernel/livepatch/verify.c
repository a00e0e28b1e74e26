// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the code that a patch replaces what the patch was built against?
 *
 * Asked only if the parameter ``verify`` says so, of patches that bring a table of
 * checksums; see Documentation/livepatch/module-elf-format.rst.
 *
 * The table is somebody else's work: nothing in it is believed before it was seen to
 * lie in the patch module, in a part that stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/buildid.h>
#include <linux/cleanup.h>
#include <linux/livepatch.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "live.h"
#include "verify.h"

static bool klp_verify;
module_param_named(verify, klp_verify, bool, 0644);
MODULE_PARM_DESC(verify,
		 "refuse code that differs from what a patch was built against");

/**
 * struct klp_verifier - one look at an object
 * @obj:	the object
 * @mod:	the patch module, which has the table
 * @tell:	whom to tell
 * @cookie:	for @tell
 */
struct klp_verifier {
	struct klp_live_object *obj;
	const struct module *mod;
	klp_verify_tell_t tell;
	void *cookie;
};

static int klp_verify_tell(const struct klp_verifier *look, const char *func,
			   const char *why)
{
	return look->tell(look->cookie, look->obj, func, why);
}

/* ---- is the table sound? ---- */

/* Bytes from @at to the end of the part of the module that it is in, or 0 */
static size_t klp_module_room(const struct module *mod, const void *at)
{
	for_class_mod_mem_type(type, core) {
		const struct module_memory *mem = &mod->mem[type];
		size_t offset = (unsigned long)at - (unsigned long)mem->base;

		if (offset < mem->size)
			return mem->size - offset;
	}
	return 0;
}

static bool klp_module_has(const struct module *mod, const void *at, size_t nr,
			   size_t size)
{
	return !nr || array_size(nr, size) <= klp_module_room(mod, at);
}

/* One that may be printed, and compared with those of symbols */
static bool klp_module_has_name(const struct module *mod, const char *s)
{
	size_t room = min_t(size_t, klp_module_room(mod, s), KSYM_NAME_LEN);

	return strnlen(s, room) < room;
}

static bool klp_masks_fit(const struct klp_verify_func *entry)
{
	const struct klp_verify_mask *mask;

	for (mask = entry->masks; mask < entry->masks + entry->nr_masks; mask++)
		if (mask->offset > entry->size ||
		    mask->size > entry->size - mask->offset)
			return false;
	return true;
}

/* ---- the code of a function ---- */

#ifdef CONFIG_KPROBES

unsigned long __weak recover_probed_instruction(kprobe_opcode_t *buf,
						unsigned long addr)
{
	return addr;
}

/* 0 when kprobes has something there and cannot read it */
static u8 klp_code_byte(unsigned long addr)
{
	kprobe_opcode_t insn[MAX_INSN_SIZE];
	const u8 *was;

	/* Kprobes are freed after a grace period */
	guard(preempt)();
	was = (const u8 *)recover_probed_instruction(insn, addr);
	return was ? *was : 0;
}

/*
 * As it was before there were probes.  Probes write and remove their breakpoints and
 * jumps under text_mutex, and are known before and afterwards.
 */
static void klp_code_copy_unprobed(u8 *copy, unsigned long start, u32 size)
{
	u32 i;

	guard(mutex)(&text_mutex);
	for (i = 0; i < size; i++) {
		copy[i] = klp_code_byte(start + i);
		cond_resched();
	}
}

#else

static void klp_code_copy_unprobed(u8 *copy, unsigned long start, u32 size)
{
	memcpy(copy, (const void *)start, size);
}

#endif

static bool klp_copy_is_right(u8 *copy, const struct klp_verify_func *entry)
{
	const struct klp_verify_mask *mask;
	u8 sum[SHA256_DIGEST_SIZE];

	for (mask = entry->masks; mask < entry->masks + entry->nr_masks; mask++)
		memset(copy + mask->offset, 0, mask->size);
	sha256(copy, entry->size, sum);
	return !memcmp(sum, entry->sum, sizeof(sum));
}

/* Probes are rare, and asking for them takes long: only if it makes a difference */
static int klp_code_compare(unsigned long start,
			    const struct klp_verify_func *entry)
{
	bool right;
	u8 *copy;

	copy = kvmalloc(entry->size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, (const void *)start, entry->size);
	right = klp_copy_is_right(copy, entry);
	if (!right) {
		klp_code_copy_unprobed(copy, start, entry->size);
		right = klp_copy_is_right(copy, entry);
	}
	kvfree(copy);
	return right ? 0 : -ENOEXEC;
}

/* ---- one function ---- */

/* The table has most likely the order of the patch: look first at the @nth */
static const struct klp_live_func *
klp_verify_find(const struct klp_live_object *obj,
		const struct klp_verify_func *entry, unsigned int nth)
{
	const struct klp_live_func *func;
	unsigned int i;

	for (i = 0; i < obj->nr_funcs; i++) {
		func = &obj->funcs[(nth + i) % obj->nr_funcs];
		if ((func->decl->old_sympos ?: 1) == (entry->pos ?: 1) &&
		    !strcmp(func->decl->old_name, entry->name))
			return func;
	}
	return NULL;
}

/* What is wrong with an entry, whose name is sound, or NULL */
static const char *klp_entry_fault(const struct klp_verifier *look,
				   const struct klp_verify_func *entry,
				   const struct klp_live_func *func)
{
	if (!func)
		return "is in the patch's checksums, but is not replaced";
	if (!klp_module_has(look->mod, entry->masks, entry->nr_masks,
			    sizeof(*entry->masks)))
		return "has a checksum whose masks are not in the patch";
	if (!klp_masks_fit(entry))
		return "has a checksum with masks outside of it";
	/* Nothing to compare with: a rehearsal goes on without the function */
	if (func->ip && entry->size > func->old_code.size)
		return "is smaller than what the patch was built against";
	return NULL;
}

static int klp_entry_verify(const struct klp_verifier *look,
			    const struct klp_verify_func *entry,
			    unsigned int nth)
{
	const struct klp_live_func *func;
	const char *fault;
	int ret;

	if (!klp_module_has_name(look->mod, entry->name))
		return klp_verify_tell(look, NULL,
				       "has a checksum whose name is not in the patch, or too long");
	func = klp_verify_find(look->obj, entry, nth);
	fault = klp_entry_fault(look, entry, func);
	if (fault)
		return klp_verify_tell(look, entry->name, fault);
	if (!func->ip)
		return 0;
	ret = klp_code_compare(func->old_code.start, entry);
	if (ret == -ENOEXEC)
		return klp_verify_tell(look, entry->name,
				       "is not the code that the patch was built against");
	return ret;
}

/* ---- build-ids ---- */

static bool klp_vmlinux_id(u8 *id)
{
	return !build_id_parse_buf(__start_notes, id,
				   __stop_notes - __start_notes);
}

/* Kept by some kernels only; zeroes for a module that has none */
static bool klp_module_id(const struct module *mod, u8 *id)
{
#ifdef CONFIG_STACKTRACE_BUILD_ID
	memcpy(id, mod->build_id, BUILD_ID_SIZE_MAX);
	return memchr_inv(id, 0, BUILD_ID_SIZE_MAX);
#else
	return false;
#endif
}

/* Also if that cannot be known: then the functions have to tell */
static bool klp_object_is_build(const struct klp_live_object *obj,
				const struct klp_verify_object *entry)
{
	u8 id[BUILD_ID_SIZE_MAX] = {};
	bool known = obj->decl->mod ? klp_module_id(obj->decl->mod, id) :
				      klp_vmlinux_id(id);
	size_t size = entry->size;

	if (!known)
		return true;
	/* Zeroes follow one that is shorter than it may be */
	return size <= sizeof(id) && !memcmp(id, entry->build_id, size) &&
	       !memchr_inv(id + size, 0, sizeof(id) - size);
}

/* ---- one object ---- */

static const char *klp_object_fault(const struct klp_verifier *look,
				    const struct klp_verify_object *entry)
{
	if (!klp_module_has(look->mod, entry->funcs, entry->nr_funcs,
			    sizeof(*entry->funcs)))
		return "has checksums that are not in the patch";
	if (!entry->build_id)
		return NULL;
	if (!klp_module_has(look->mod, entry->build_id, entry->size, 1))
		return "has a build-id that is not in the patch";
	if (!klp_object_is_build(look->obj, entry))
		return "is not the build that the patch was built against";
	return NULL;
}

static int klp_verify_entry(const struct klp_verifier *look,
			    const struct klp_verify_object *entry)
{
	const char *fault = klp_object_fault(look, entry);
	unsigned int i;
	int ret;

	if (fault)
		return klp_verify_tell(look, NULL, fault);
	for (i = 0; i < entry->nr_funcs; i++) {
		cond_resched();
		ret = klp_entry_verify(look, &entry->funcs[i], i);
		if (ret)
			return ret;
	}
	return 0;
}

static int klp_verify_table(const struct klp_verifier *look,
			    const struct klp_verify_object *table, size_t nr)
{
	const struct klp_verify_object *entry;
	int ret;

	for (entry = table; entry < table + nr; entry++) {
		if (entry->name && !klp_module_has_name(look->mod, entry->name))
			return klp_verify_tell(look, NULL,
					       "may have checksums, but a name is not in the patch, or too long");
		if (strcmp(entry->name ?: "vmlinux", klp_object_name(look->obj)))
			continue;
		ret = klp_verify_entry(look, entry);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * klp_object_verify() - compare an object with what a patch was built against
 * @obj:	an object of the patch, loaded, with its functions looked up
 * @tell:	told of each function that differs, and of anything that is wrong with
 *		the patch's table
 * @cookie:	for @tell
 *
 * Says yes unless ``verify`` is on and the patch has a table.
 *
 * Context: Process context.  Expects klp_mutex held.  May sleep, and takes text_mutex.
 * Return: 0; what @tell returned when it was not 0; or -ENOMEM.
 */
int klp_object_verify(struct klp_live_object *obj, klp_verify_tell_t tell,
		      void *cookie)
{
	struct klp_verifier look = {
		.obj = obj, .mod = obj->patch->mod,
		.tell = tell, .cookie = cookie,
	};
	const struct klp_verify_object *table;
	size_t size;

	lockdep_assert_held(&klp_mutex);
	if (!READ_ONCE(klp_verify))
		return 0;
	table = klp_find_section_by_name(look.mod, KLP_VERIFY_SECTION, &size);
	if (!table)
		return 0;
	if (size % sizeof(*table) || !klp_module_has(look.mod, table, size, 1))
		return klp_verify_tell(&look, NULL,
				       "may have checksums, but their table has a size that is not possible");
	return klp_verify_table(&look, table, size / sizeof(*table));
}
