/* SPDX-License-Identifier: GPL-2.0 */
/* What of a source tree goes into a scratch tree. */
#ifndef KLP_TREE_SOURCE_H
#define KLP_TREE_SOURCE_H

#include "target.h"

/* For tree_walk(): of the kernel, and of a module outside of it */
bool skip_kernel(const char *root, const char *path, bool is_dir);
bool skip_module(const char *root, const char *path, bool is_dir);

/* Refused, if kbuild made another configuration for the source than the kernel's. */
void check_same_config(const struct target *target, const char *path);

#endif
