/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a task cannot move, in words. */
#ifndef _KLP_WHY_H
#define _KLP_WHY_H

#include <linux/types.h>

struct klp_try;

/* Longer ones are cut off */
#define KLP_WHY_LEN	160

const char *klp_why(char buf[KLP_WHY_LEN], const struct klp_try *try);

#endif /* _KLP_WHY_H */
