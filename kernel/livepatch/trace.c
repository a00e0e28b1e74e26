// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instantiates the tracepoints of trace/events/livepatch.h.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/livepatch.h>
