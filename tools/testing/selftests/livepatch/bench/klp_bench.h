/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KLP_BENCH_H
#define KLP_BENCH_H

/* F(0000) to F(0999) in klp_bench_list.h, which the Makefile writes. */
#define KLP_BENCH_FUNCS	1000

/* F(0000) to F(0049) in klp_bench_part.h: the share of each of so many modules. */
#define KLP_BENCH_PARTS	20

/* What a new function adds to the result of the one it replaces. */
#define KLP_BENCH_SHIFT	10000

#endif
