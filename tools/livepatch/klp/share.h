/* SPDX-License-Identifier: GPL-2.0 */
/* What the objects of one patch bring for each other. */
#ifndef KLP_SHARE_H
#define KLP_SHARE_H

#include "compile.h"

/*
 * Fills @wanted and @beside of each pair: a new global function is defined by one object
 * and used by others.
 */
void share_find(struct pairs *pairs);

#endif
