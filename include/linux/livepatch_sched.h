/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live patching: cond_resched() as a place to change sides.
 *
 * Included by linux/sched.h, so nothing here may need a complete task_struct.
 */
#ifndef _LINUX_LIVEPATCH_SCHED_H_
#define _LINUX_LIVEPATCH_SCHED_H_

#include <linux/jump_label.h>

#ifdef CONFIG_LIVEPATCH

void __klp_sched_try_switch(void);

/*
 * With static-call dynamic preemption, kernel/sched/core.c routes cond_resched()
 * to a variant that calls __klp_sched_try_switch(), and only during transitions.
 * Everywhere else the static key makes the call cost nothing outside of them.
 */
#if !defined(CONFIG_PREEMPT_DYNAMIC) || !defined(CONFIG_HAVE_PREEMPT_DYNAMIC_CALL)

DECLARE_STATIC_KEY_FALSE(klp_sched_try_switch_key);

static __always_inline void klp_sched_try_switch(void)
{
	if (static_branch_unlikely(&klp_sched_try_switch_key))
		__klp_sched_try_switch();
}

#endif

#else /* !CONFIG_LIVEPATCH */

static inline void klp_sched_try_switch(void) { }
static inline void __klp_sched_try_switch(void) { }

#endif /* CONFIG_LIVEPATCH */

#endif /* _LINUX_LIVEPATCH_SCHED_H_ */
