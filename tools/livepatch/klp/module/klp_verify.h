/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is the code that a patch replaces what the patch was built against?
 *
 * The tables are in a section of their own, so that the core can find them in any module:
 * an array of struct klp_verify_object, whose name changes when the layout does.
 */
#ifndef KLP_VERIFY_H
#define KLP_VERIFY_H

#include <linux/livepatch.h>
#include <linux/types.h>

/* Bytes that the running kernel may have rewritten; they count as zeroes. */
struct klp_verify_mask {
	u32 offset;
	u32 size;
};

/**
 * struct klp_verify_func - a function that the patch replaces, as it was built
 * @name:	as in kallsyms
 * @pos:	0 if it is the only one of that name in its object, else the n-th
 * @code:	where it is, by a livepatch relocation; the core finds it by its name
 * @masks:	inside of @size
 * @nr_masks:	number of them
 * @size:	bytes that count, from @code on
 * @sum:	SHA-256 of them
 */
struct klp_verify_func {
	const char *name;
	unsigned long pos;
	const void *code;
	const struct klp_verify_mask *masks;
	u32 nr_masks;
	u32 size;
	u8 sum[32];
};

/**
 * struct klp_verify_object - an object that has such functions
 * @name:	module, or NULL for vmlinux
 * @build_id:	GNU build-id of what the patch was built against, or NULL
 * @size:	bytes of it
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

#define __klp_verify	__used __aligned(8) __section(".klp.verify.1")

/* Return: 0, or -ENOEXEC after telling what differs; module parameter verify=0 skips it. */
int klp_verify(const struct klp_verify_object *object, const struct module *mod);

/* One function; prints nothing. */
int klp_verify_func(const struct klp_verify_func *func);

#endif
