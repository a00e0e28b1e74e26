#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints a thousand functions of the running kernel, from all over it, whose names are unique and
# that can be redirected.

tracing=/sys/kernel/tracing/available_filter_functions

awk 'NR == FNR { if (NF == 3) seen[$3]++; next } NF == 1 && seen[$1] == 1' /proc/kallsyms $tracing |
	awk '{ name[NR] = $1 }
	     END { for (i = 0; i < 1000; i++) print name[int(i * NR / 1000) + 1] }'
