/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System states. */
#ifndef _KLP_STATE_H
#define _KLP_STATE_H

#include <linux/types.h>

struct klp_patch;

bool klp_states_compatible(const struct klp_patch *next,
			   const struct klp_patch *present);
bool klp_states_admit(const struct klp_patch *decl);

#endif /* _KLP_STATE_H */
