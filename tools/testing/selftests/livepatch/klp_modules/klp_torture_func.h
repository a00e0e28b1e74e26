/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One version of a function, the original or that of a patch.  KLP_TORTURE_ID says
 * which, klp_torture_own[] has the functions of the same patch.  What it does is
 * decided in klp_torture_call.c; that it is done here makes the stacks.
 *
 * Nothing of it is in a local variable whose address is known elsewhere, or the
 * compiler would make no tail call.
 */
#ifndef KLP_TORTURE_FUNC_H
#define KLP_TORTURE_FUNC_H

#include "klp_torture.h"

static klp_torture_fn klp_torture_own[KLP_TORTURE_FUNCS];

#define KLP_TORTURE_DEFINE(name, func)					\
noinline __klp_noipa int name(struct klp_torture_call *call)		\
{									\
	klp_torture_fn next;						\
									\
	klp_torture_enter(call, func, KLP_TORTURE_ID);			\
	while ((next = klp_torture_step(call, klp_torture_own)))	\
		next(call);						\
	next = klp_torture_leave(call, klp_torture_own);		\
	return next ? next(call) : 0;					\
}

#endif
