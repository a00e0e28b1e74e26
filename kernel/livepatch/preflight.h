/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Could a patch be enabled, and who would block it? */
#ifndef _KLP_PREFLIGHT_H
#define _KLP_PREFLIGHT_H

#include <linux/types.h>

struct klp_live_patch;
struct module;

bool klp_preflight_due(const struct module *mod);
int klp_preflight(struct klp_live_patch *patch, int refusal);

#endif /* _KLP_PREFLIGHT_H */
