// SPDX-License-Identifier: GPL-2.0
/*
 * Is the code that a patch replaces what the patch was built against?
 *
 * It has to be asked from within: a locked down kernel shows its memory to nobody else.
 * The checksum is SHA-256 as FIPS 180-4 has it; not every kernel brings it for modules.
 *
 * What the kernel rewrites by its own tables is masked.  Breakpoints and jumps of kprobes
 * can be anywhere; kprobes knows what was there before.
 */
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/elf.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "klp_verify.h"

#define BLOCK	64

/* A probe may come between reading the code and asking for probes: look again. */
#define TRIES		5
#define PAUSE_MS	20

static bool verify = true;
module_param(verify, bool, 0444);
MODULE_PARM_DESC(verify, "refuse code that differs from what the patch was built against");

/* ---- SHA-256 ----------------------------------------------------------------------- */

static const u32 rounds[BLOCK] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void add_block(u32 state[8], const u8 *block)
{
	u32 w[BLOCK], a[8], t, u;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = get_unaligned_be32(block + 4 * i);
	for (; i < BLOCK; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror32(w[i - 15], 7) ^ ror32(w[i - 15], 18) ^ (w[i - 15] >> 3)) +
		       (ror32(w[i - 2], 17) ^ ror32(w[i - 2], 19) ^ (w[i - 2] >> 10));
	memcpy(a, state, sizeof(a));
	for (i = 0; i < BLOCK; i++) {
		t = a[7] + (ror32(a[4], 6) ^ ror32(a[4], 11) ^ ror32(a[4], 25)) +
		    ((a[4] & a[5]) ^ (~a[4] & a[6])) + rounds[i] + w[i];
		u = (ror32(a[0], 2) ^ ror32(a[0], 13) ^ ror32(a[0], 22)) +
		    ((a[0] & a[1]) ^ (a[0] & a[2]) ^ (a[1] & a[2]));
		memmove(a + 1, a, 7 * sizeof(*a));
		a[4] += t;
		a[0] = t + u;
	}
	for (i = 0; i < 8; i++)
		state[i] += a[i];
}

/* @data has room for the end mark: up to two blocks more. */
static void checksum(u8 *data, size_t size, u8 sum[32])
{
	u32 state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	size_t padded = ALIGN(size + 9, BLOCK), i;

	memset(data + size, 0, padded - size);
	data[size] = 0x80;
	put_unaligned_be64((u64)size * 8, data + padded - 8);
	for (i = 0; i < padded; i += BLOCK)
		add_block(state, data + i);
	for (i = 0; i < 8; i++)
		put_unaligned_be32(state[i], sum + 4 * i);
}

/* ---- Code as it was before probes ---------------------------------------------------- */

#ifdef CONFIG_KPROBES

/* Not exported: it becomes a livepatch relocation to vmlinux. */
unsigned long recover_probed_instruction(kprobe_opcode_t *buf, unsigned long addr);

static u8 unprobed(unsigned long address)
{
	kprobe_opcode_t insn[MAX_INSN_SIZE];

	if (recover_probed_instruction(insn, address) == (unsigned long)insn)
		return insn[0];
	return *(const u8 *)address;
}

/* Preemption is off for each byte only: kprobes are under RCU, and functions are long. */
static void read_unprobed(u8 *copy, const struct klp_verify_func *func)
{
	u32 i;

	for (i = 0; i < func->size; i++) {
		preempt_disable();
		copy[i] = unprobed((unsigned long)func->code + i);
		preempt_enable();
		if (!(i % 1024))
			cond_resched();
	}
}

#else

static void read_unprobed(u8 *copy, const struct klp_verify_func *func)
{
	memcpy(copy, func->code, func->size);
}

#endif

/* ---- One function --------------------------------------------------------------------- */

static bool is_same(const struct klp_verify_func *func, u8 *copy)
{
	const struct klp_verify_mask *mask;
	u8 sum[32];

	for (mask = func->masks; mask < func->masks + func->nr_masks; mask++)
		memset(copy + mask->offset, 0, mask->size);
	checksum(copy, func->size, sum);
	return !memcmp(sum, func->sum, sizeof(sum));
}

static bool is_same_unprobed(const struct klp_verify_func *func, u8 *copy)
{
	int try;

	for (try = 0; try < TRIES; try++) {
		if (try)
			msleep(PAUSE_MS);
		read_unprobed(copy, func);
		if (is_same(func, copy))
			return true;
	}
	return false;
}

int klp_verify_func(const struct klp_verify_func *func)
{
	bool same;
	u8 *copy;

	if (!func->code)
		return -ENOEXEC;
	copy = kvmalloc(ALIGN((size_t)func->size + 9, BLOCK), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, func->code, func->size);
	same = is_same(func, copy) || is_same_unprobed(func, copy);
	kvfree(copy);
	return same ? 0 : -ENOEXEC;
}

/* ---- Build-ids ------------------------------------------------------------------------- */

/* Of the linker script of vmlinux, not exported: livepatch relocations. */
extern const u8 __start_notes[], __stop_notes[];

static const u8 *vmlinux_id(u32 *size)
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

/* Not every kernel keeps those of modules: then functions have to tell. */
static const u8 *object_id(const struct module *mod, u32 *size)
{
	if (!mod)
		return vmlinux_id(size);
#ifdef CONFIG_STACKTRACE_BUILD_ID
	*size = sizeof(mod->build_id);
	return mod->build_id;
#else
	return NULL;
#endif
}

static bool is_same_build(const struct klp_verify_object *object, const struct module *mod)
{
	u32 size = 0;
	const u8 *id = object_id(mod, &size);

	return !id || !object->build_id || size < object->size ||
	       !memcmp(id, object->build_id, object->size);
}

/* ---- One object -------------------------------------------------------------------------- */

int klp_verify(const struct klp_verify_object *object, const struct module *mod)
{
	const char *name = object->name ?: "vmlinux";
	const struct klp_verify_func *func;
	int ret;

	if (!verify)
		return 0;
	if (!is_same_build(object, mod)) {
		pr_err("%s: %s is not the build that this patch was built against\n",
		       THIS_MODULE->name, name);
		return -ENOEXEC;
	}
	for (func = object->funcs; func < object->funcs + object->nr_funcs; func++) {
		ret = klp_verify_func(func);
		if (ret == -ENOEXEC)
			pr_err("%s: %s,%lu of %s is not the code that this patch was built against\n",
			       THIS_MODULE->name, func->name, func->pos, name);
		if (ret)
			return ret;
	}
	return 0;
}
