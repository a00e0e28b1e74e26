/* SPDX-License-Identifier: GPL-2.0 */
/* Functions that tasks never leave. */
#ifndef KLP_NEVER_H
#define KLP_NEVER_H

#include "build.h"

/* Refuses them: the transition to a patch of one of them would not complete. */
void never_check(const struct diff *diff, struct refusals *refusals);

#endif
