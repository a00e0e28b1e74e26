/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of checksums, as a module has them: written down again, not the core's. */
#ifndef _KLP_TEST_VERIFY_H
#define _KLP_TEST_VERIFY_H

#include <crypto/sha2.h>
#include <linux/types.h>

/* The layout of section .klp.verify.1 */
struct verify_mask {
	u32 offset;
	u32 size;
};

struct verify_func {
	const char *name;
	unsigned long pos;
	const void *code;
	const struct verify_mask *masks;
	u32 nr_masks;
	u32 size;
	u8 sum[SHA256_DIGEST_SIZE];
};

struct verify_object {
	const char *name;
	const u8 *build_id;
	u32 size;
	u32 nr_funcs;
	const struct verify_func *funcs;
};

#endif /* _KLP_TEST_VERIFY_H */
