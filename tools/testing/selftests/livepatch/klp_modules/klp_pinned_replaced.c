// SPDX-License-Identifier: GPL-2.0
/* The patch that replaces it is forced. */
#define KLP_TEST_ID 21
#include "klp_pinned.h"
