// SPDX-License-Identifier: GPL-2.0
/* klp_bench_relocs with references to functions of the kernel. */
#define KLP_BENCH_OF_VMLINUX
#include "klp_bench_relocs.c"
