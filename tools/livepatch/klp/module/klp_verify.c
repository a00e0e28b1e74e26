// SPDX-License-Identifier: GPL-2.0
/*
 * Is the code that a patch replaces what the patch was built against?
 *
 * It has to be asked from within: a locked down kernel shows its memory to nobody else.
 * The checksum is SHA-256 as FIPS 180-4 has it; not every kernel brings it for modules.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "klp_verify.h"

#define BLOCK	64

static bool verify = true;
module_param(verify, bool, 0444);
MODULE_PARM_DESC(verify, "refuse code that differs from what the patch was built against");

static const u32 rounds[BLOCK] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
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

static bool is_same(const struct klp_verify *function, u8 *copy)
{
	u8 sum[32];
	u32 i;

	memcpy(copy, function->code, function->size);
	for (i = 0; i < function->nr_masks; i++)
		memset(copy + function->masks[i].offset, 0, function->masks[i].size);
	checksum(copy, function->size, sum);
	return !memcmp(sum, function->sum, sizeof(sum));
}

static int verify_function(const struct klp_verify *function)
{
	u8 *copy = kvmalloc(ALIGN((size_t)function->size + 9, BLOCK), GFP_KERNEL);
	bool same;

	if (!copy)
		return -ENOMEM;
	same = is_same(function, copy);
	kvfree(copy);
	if (same)
		return 0;
	pr_err("%s: %s() is not the code that this patch was built against, or is being probed\n",
	       THIS_MODULE->name, function->name);
	return -ENOEXEC;
}

int klp_verify(const struct klp_verify *table, size_t nr)
{
	size_t i;
	int ret;

	for (i = 0; verify && i < nr; i++) {
		ret = verify_function(&table[i]);
		if (ret)
			return ret;
	}
	return 0;
}
