/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a patch module was built against.
 *
 * klp copies this file and verify-target.c beside the source that it generates, which has
 * the tables.  The tables stand in sections of their own, so that the core can find them
 * in any module: their names change when the layout does.
 */
#ifndef KLP_VERIFY_TARGET_H
#define KLP_VERIFY_TARGET_H

#include <linux/types.h>

struct klp_object;

/* Bytes that the running kernel may have rewritten; they count as zeroes. */
struct klp_verify_mask {
	u32 offset;
	u32 size;
};

/**
 * struct klp_verify_func - a function that the patch replaces, as it was built
 * @object:	module that has it; NULL for vmlinux
 * @name:	as in kallsyms
 * @pos:	0 if it is the only one of that name in @object, else the n-th
 * @address:	where it is: a livepatch relocation of @object to the function itself
 * @masks:	sorted by offset, apart from each other, inside of @size
 * @nr_masks:	number of them
 * @size:	bytes that count, from @address on
 * @sum:	SHA-256 of them
 */
struct klp_verify_func {
	const char *object;
	const char *name;
	unsigned long pos;
	const void *address;
	const struct klp_verify_mask *masks;
	u32 nr_masks;
	u32 size;
	u8 sum[32];
};

/**
 * struct klp_verify_object - an object that the patch was built against
 * @name:	module; NULL for vmlinux
 * @id:		its GNU build-id
 * @size:	bytes of it
 */
struct klp_verify_object {
	const char *name;
	const u8 *id;
	u32 size;
};

#define __klp_verify_funcs	__used __section(".klp.verify.funcs")
#define __klp_verify_objects	__used __section(".klp.verify.objects")

/* The generated source has them; objects without a build-id are not listed. */
extern const struct klp_verify_func klp_verify_funcs[];
extern const unsigned int klp_verify_nr_funcs;
extern const struct klp_verify_object klp_verify_objects[];
extern const unsigned int klp_verify_nr_objects;

int klp_verify_vmlinux(void);
int klp_verify_module(struct klp_object *obj);
int klp_verify_func(const struct klp_verify_func *func);

#endif
