/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the code that a patch replaces what the patch was built against? */
#ifndef _KLP_VERIFY_H
#define _KLP_VERIFY_H

#include <linux/kprobes.h>
#include <linux/types.h>

#include <crypto/sha2.h>

struct klp_live_object;

/* Its name changes when the layout of its contents does */
#define KLP_VERIFY_SECTION	".klp.verify.1"

/**
 * struct klp_verify_mask - bytes that the running kernel may have rewritten
 * @offset:	of the first, in the function
 * @size:	number of bytes
 *
 * They count as zeroes.
 */
struct klp_verify_mask {
	u32 offset;
	u32 size;
};

/**
 * struct klp_verify_func - a function that a patch replaces, as it was built
 * @name:	as &klp_func.old_name
 * @pos:	as &klp_func.old_sympos; 0 and 1 are the same
 * @code:	not looked at: the core finds the function by its name
 * @masks:	parts of the function that may differ
 * @nr_masks:	number of @masks
 * @size:	number of bytes that count, from the entry on
 * @sum:	SHA-256 of them
 */
struct klp_verify_func {
	const char *name;
	unsigned long pos;
	const void *code;
	const struct klp_verify_mask *masks;
	u32 nr_masks;
	u32 size;
	u8 sum[SHA256_DIGEST_SIZE];
};

/**
 * struct klp_verify_object - an object that has such functions
 * @name:	the module, or NULL for vmlinux
 * @build_id:	GNU build-id of what the patch was built against, or NULL
 * @size:	of @build_id, in bytes
 * @nr_funcs:	number of @funcs
 * @funcs:	what is replaced in it
 */
struct klp_verify_object {
	const char *name;
	const u8 *build_id;
	u32 size;
	u32 nr_funcs;
	const struct klp_verify_func *funcs;
};

/**
 * typedef klp_verify_tell_t - told of each thing that is not as it should be
 * @cookie:	passed through
 * @obj:	the object
 * @func:	the function's name, or NULL when it is about all of the object
 * @why:	what is wrong
 *
 * Return: 0 to go on with the next function, else what klp_object_verify() returns.
 */
typedef int (*klp_verify_tell_t)(void *cookie,
				 const struct klp_live_object *obj,
				 const char *func, const char *why);

int klp_object_verify(struct klp_live_object *obj, klp_verify_tell_t tell,
		      void *cookie);

/* Of the linker script */
extern const u8 __start_notes[], __stop_notes[];

#ifdef CONFIG_KPROBES
/* x86 has it; anywhere else, weak, it knows of no probes. */
unsigned long recover_probed_instruction(kprobe_opcode_t *buf,
					 unsigned long addr);
#endif

#endif /* _KLP_VERIFY_H */
