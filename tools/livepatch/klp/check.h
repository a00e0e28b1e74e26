/* SPDX-License-Identifier: GPL-2.0 */
/* What loading a patch would meet: found by the core (preflight.c) or without (foresee.c). */
#ifndef KLP_CHECK_H
#define KLP_CHECK_H

#include "manage.h"

struct check {
	const struct module *module;
	struct text_list problems;	/* any of them: it would be refused */
	struct text_list absent;	/* modules to be patched when they come */
	struct text_list notes;		/* what could not be found out */
	struct text_list kernel_log;
	struct blockers blockers;	/* who would have to move first */
	long ready, later;		/* functions; -1: not known */
	long unseen;			/* tasks that were running; -1: not known */
};

void check_problem(struct check *check, const char *fmt, ...) __printf(2, 3);
void check_note(struct check *check, const char *fmt, ...) __printf(2, 3);
const char *redirected_by(const char *function);	/* or NULL */

void preflight(struct check *check, const char *params);
void preflight_parse(struct check *check, char *report);
void foresee(struct check *check);

#endif
