/* SPDX-License-Identifier: GPL-2.0 */
/* Is the code that a patch replaces what the patch was built against? */
#ifndef KLP_VERIFY_H
#define KLP_VERIFY_H

#include <linux/livepatch.h>
#include <linux/types.h>

/* Bytes that a running kernel may have rewritten */
struct klp_verify_mask {
	u32 offset;
	u16 size;
};

struct klp_verify {
	const char *name;
	const void *code;		/* set by a livepatch relocation */
	u32 size;
	u8 sum[32];			/* SHA-256, with masked bytes as 0 */
	const struct klp_verify_mask *masks;
	u32 nr_masks;
};

/* Return: 0, or -ENOEXEC after telling which function differs; module parameter verify=0. */
int klp_verify(const struct klp_verify *table, size_t nr);

#endif
