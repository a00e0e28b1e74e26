/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KLP_BENCH_H
#define KLP_BENCH_H

/* F(0000) to F(0999) in klp_bench_list.h, which the Makefile writes. */
#define KLP_BENCH_FUNCS	1000

/* What a new function adds to the result of the one it replaces. */
#define KLP_BENCH_SHIFT	10000

#endif
