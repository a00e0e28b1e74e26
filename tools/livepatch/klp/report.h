/* SPDX-License-Identifier: GPL-2.0 */
/* What klp build tells its author at the end. */
#ifndef KLP_REPORT_H
#define KLP_REPORT_H

#include "module.h"
#include "touch.h"

/* Why there is no patch; on standard error, or as JSON on standard output. */
void report_refusals(const struct refusals *refusals, const struct patch *patch, bool json);

/* What the patch changes; on standard output. */
void report_patch(const struct patch *patch, const struct ignored *ignored, const char *output,
		  bool json);

#endif
