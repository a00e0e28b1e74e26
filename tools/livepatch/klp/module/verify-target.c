// SPDX-License-Identifier: GPL-2.0
/*
 * Refuses to patch what is not what the patch was built against.
 *
 * Functions of vmlinux are checked when the module is initialised, those of modules in
 * the callback before they are patched: then livepatch relocations have told where they
 * are, and the loader has applied alternatives and the like.
 *
 * The masks leave out what the kernel rewrites by its own tables.  Breakpoints and jumps
 * of kprobes can be anywhere; kprobes knows what was there before.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/buildid.h>
#include <linux/delay.h>
#include <linux/elf.h>
#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/sha2.h>

#include "verify-target.h"

/* A probe may come between reading the code and asking for probes: look again. */
#define KLP_VERIFY_TRIES	5
#define KLP_VERIFY_PAUSE_MS	20

/* ---- Code as it was before probes ------------------------------------------------- */

#ifdef CONFIG_KPROBES

/* Not exported: a livepatch relocation to vmlinux. */
unsigned long recover_probed_instruction(kprobe_opcode_t *buf, unsigned long addr);

static u8 klp_verify_unprobed(unsigned long address)
{
	kprobe_opcode_t insn[MAX_INSN_SIZE];

	if (recover_probed_instruction(insn, address) == (unsigned long)insn)
		return insn[0];
	return *(const u8 *)address;
}

/* Preemption is off for each byte only: kprobes are under RCU, and functions are long. */
static void klp_verify_recover(u8 *code, const struct klp_verify_func *func)
{
	u32 i;

	for (i = 0; i < func->size; i++) {
		preempt_disable();
		code[i] = klp_verify_unprobed((unsigned long)func->address + i);
		preempt_enable();
		if (!(i % 1024))
			cond_resched();
	}
}

#else

static void klp_verify_recover(u8 *code, const struct klp_verify_func *func)
{
	memcpy(code, func->address, func->size);
}

#endif

/* ---- One function ----------------------------------------------------------------- */

static int klp_verify_mask(u8 *code, const struct klp_verify_func *func)
{
	const struct klp_verify_mask *mask;

	for (mask = func->masks; mask < func->masks + func->nr_masks; mask++) {
		if (mask->offset > func->size || mask->size > func->size - mask->offset)
			return -ENOEXEC;
		memset(code + mask->offset, 0, mask->size);
	}
	return 0;
}

static int klp_verify_code(u8 *code, const struct klp_verify_func *func)
{
	u8 sum[SHA256_DIGEST_SIZE];
	int ret = klp_verify_mask(code, func);

	if (ret)
		return ret;
	sha256(code, func->size, sum);
	return memcmp(sum, func->sum, sizeof(sum)) ? -ENOEXEC : 0;
}

/**
 * klp_verify_func() - is a function of the running kernel what the patch was built against?
 * @func: what it was when it was built
 *
 * Context: Process context.  May sleep.
 * Return: 0, -ENOEXEC if it differs, -ENOMEM.
 */
int klp_verify_func(const struct klp_verify_func *func)
{
	u8 *code;
	int ret, try;

	if (!func->address)
		return -ENOEXEC;
	code = kvmalloc(func->size, GFP_KERNEL);
	if (!code)
		return -ENOMEM;
	memcpy(code, func->address, func->size);
	ret = klp_verify_code(code, func);
	for (try = 0; try < KLP_VERIFY_TRIES && ret; try++) {
		if (try)
			msleep(KLP_VERIFY_PAUSE_MS);
		klp_verify_recover(code, func);
		ret = klp_verify_code(code, func);
	}
	kvfree(code);
	return ret;
}

/* ---- One object ------------------------------------------------------------------- */

static bool klp_verify_same_object(const char *left, const char *right)
{
	return left && right ? !strcmp(left, right) : left == right;
}

static int klp_verify_funcs_of(const char *object)
{
	const struct klp_verify_func *func;
	int ret;

	for (func = klp_verify_funcs; func < klp_verify_funcs + klp_verify_nr_funcs; func++) {
		if (!klp_verify_same_object(func->object, object))
			continue;
		ret = klp_verify_func(func);
		if (!ret)
			continue;
		if (ret == -ENOEXEC)
			pr_err("function %s,%lu of %s is not what this patch was built against\n",
			       func->name, func->pos, object ?: "vmlinux");
		return ret;
	}
	return 0;
}

static int klp_verify_id(const char *object, const u8 *id, size_t size)
{
	const struct klp_verify_object *known;
	unsigned int i;

	for (i = 0; i < klp_verify_nr_objects; i++) {
		known = &klp_verify_objects[i];
		if (!klp_verify_same_object(known->name, object))
			continue;
		if (known->size <= size && !memcmp(known->id, id, known->size))
			continue;
		pr_err("%s is not the build that this patch was built against: its build-id is %*phN instead of %*phN\n",
		       object ?: "vmlinux", (int)min_t(size_t, size, known->size), id,
		       (int)known->size, known->id);
		return -ENOEXEC;
	}
	return 0;
}

/* Symbols of vmlinux's linker script, not exported: livepatch relocations. */
extern const u8 __start_notes[], __stop_notes[];

/* The build-id among the notes of vmlinux. */
static const u8 *klp_verify_vmlinux_id(size_t *size)
{
	const u8 *at = __start_notes, *name, *desc;
	const Elf64_Nhdr *note;

	while (__stop_notes - at >= (long)sizeof(*note)) {
		note = (const Elf64_Nhdr *)at;
		name = at + sizeof(*note);
		desc = name + round_up(note->n_namesz, 4);
		*size = note->n_descsz;
		if (note->n_type == 3 && note->n_namesz == 4 && !memcmp(name, "GNU", 4))
			return desc;
		at = desc + round_up(note->n_descsz, 4);
	}
	return NULL;
}

/**
 * klp_verify_vmlinux() - is vmlinux what the patch was built against?
 *
 * To be called before klp_enable_patch().  Prints what differs.
 *
 * Return: 0, -ENOEXEC if it is not, -ENOMEM.
 */
int klp_verify_vmlinux(void)
{
	size_t size = 0;
	const u8 *id = klp_verify_vmlinux_id(&size);
	int ret = id ? klp_verify_id(NULL, id, size) : 0;

	return ret ?: klp_verify_funcs_of(NULL);
}

/**
 * klp_verify_module() - is a module what the patch was built against?
 * @obj: its object, which is there
 *
 * A callback for before it is patched, or called by one.  Prints what differs.
 *
 * Return: 0, -ENOEXEC if it is not, -ENOMEM.
 */
int klp_verify_module(struct klp_object *obj)
{
	int ret = 0;

#ifdef CONFIG_STACKTRACE_BUILD_ID
	ret = klp_verify_id(obj->name, obj->mod->build_id, sizeof(obj->mod->build_id));
#endif
	return ret ?: klp_verify_funcs_of(obj->name);
}
