// SPDX-License-Identifier: GPL-2.0
/* Its disabling is forced. */
#define KLP_TEST_ID 20
#include "klp_pinned.h"
