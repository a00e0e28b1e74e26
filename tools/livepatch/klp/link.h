/* SPDX-License-Identifier: GPL-2.0 */
/* link_module() from one file to another. */
#ifndef KLP_LINK_H
#define KLP_LINK_H

#include "build.h"

void link_file(const char *from, const char *to, const struct reference *references, size_t nr,
	       const struct kernel *kernel);

#endif
