#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/build-distro.sh TREE
#
# A few cases of build.sh with the kernel of a distribution's configuration: what the small
# one has not, jump labels that are in use, the index of printk(), lines in the bug table.
#
# Kernels: linux-distro

KLP_TREE=${1:?a built kernel} exec "$(dirname "$0")/build.sh" \
	bug_table jump_label jump_label_on several another_function
