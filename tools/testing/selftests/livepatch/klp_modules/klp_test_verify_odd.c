// SPDX-License-Identifier: GPL-2.0
/* klp_test_verify with a table that ends in the middle of an entry. */
#include "klp_test_verify.c"

static u64 odd __used __section(".klp.verify.1");
