// SPDX-License-Identifier: GPL-2.0
#define KLP_TORTURE_ID 3
#include "klp_torture_patch.h"
