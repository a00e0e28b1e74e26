/* SPDX-License-Identifier: GPL-2.0 */
/* What a patch was built against, in the source of its module. */
#ifndef KLP_MODULE_VERIFY_H
#define KLP_MODULE_VERIFY_H

#include "module.h"

/*
 * Adds the checksums of what is replaced in an object, and pre_patch_@nr(), which looks
 * at them and goes on to the author's callback.
 *
 * Return: whether there is anything to verify.
 */
bool module_verify_object(struct text *out, const struct patched *patched,
			  const struct kernel *kernel, size_t nr);

#endif
