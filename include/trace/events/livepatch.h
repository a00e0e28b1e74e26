/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM livepatch

#if !defined(_TRACE_LIVEPATCH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LIVEPATCH_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

/**
 * klp_phase - a transition has come to another phase
 * @patch:	the patch that is being enabled or disabled
 * @from:	the phase that ended: idle, prepared, forked, moving, reversing, merged
 * @to:		the phase that began
 * @goal:	the side that tasks move to: patched, unpatched
 */
TRACE_EVENT(klp_phase,

	TP_PROTO(const char *patch, const char *from, const char *to,
		 const char *goal),

	TP_ARGS(patch, from, to, goal),

	TP_STRUCT__entry(
		__string(patch, patch)
		__string(from, from)
		__string(to, to)
		__string(goal, goal)
	),

	TP_fast_assign(
		__assign_str(patch);
		__assign_str(from);
		__assign_str(to);
		__assign_str(goal);
	),

	TP_printk("patch=%s from=%s to=%s goal=%s", __get_str(patch),
		  __get_str(from), __get_str(to), __get_str(goal))
);

/**
 * klp_task_moved - a task has moved to the other side
 * @task:	the task
 * @side:	where it is now: patched, unpatched
 * @way:	how: stack, kernel_exit, idle, fork, resched, exit, forced
 *
 * A child that begins its life on the goal's side counts as moved by fork.
 */
TRACE_EVENT(klp_task_moved,

	TP_PROTO(struct task_struct *task, const char *side, const char *way),

	TP_ARGS(task, side, way),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__array(char, comm, TASK_COMM_LEN)
		__string(side, side)
		__string(way, way)
	),

	TP_fast_assign(
		__entry->pid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
		__assign_str(side);
		__assign_str(way);
	),

	TP_printk("pid=%d comm=%s side=%s way=%s", __entry->pid, __entry->comm,
		  __get_str(side), __get_str(way))
);

/**
 * klp_task_refused - a task could not be moved now
 * @task:	the task
 * @side:	where it stays: patched, unpatched
 * @attempts:	how often that was tried in this transition
 * @reason:	why, as in the file ``blockers``
 */
TRACE_EVENT(klp_task_refused,

	TP_PROTO(struct task_struct *task, const char *side,
		 unsigned int attempts, const char *reason),

	TP_ARGS(task, side, attempts, reason),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(unsigned int, attempts)
		__array(char, comm, TASK_COMM_LEN)
		__string(side, side)
		__string(reason, reason)
	),

	TP_fast_assign(
		__entry->pid = task->pid;
		__entry->attempts = attempts;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
		__assign_str(side);
		__assign_str(reason);
	),

	TP_printk("pid=%d comm=%s side=%s attempts=%u reason=%s", __entry->pid,
		  __entry->comm, __get_str(side), __entry->attempts,
		  __get_str(reason))
);

DECLARE_EVENT_CLASS(klp_set,

	TP_PROTO(const char *object, unsigned int sites),

	TP_ARGS(object, sites),

	TP_STRUCT__entry(
		__string(object, object)
		__field(unsigned int, sites)
	),

	TP_fast_assign(
		__assign_str(object);
		__entry->sites = sites;
	),

	TP_printk("object=%s sites=%u", __get_str(object), __entry->sites)
);

/**
 * klp_set_registered - functions are redirected that were not before
 * @object:	the module that they belong to, or vmlinux
 * @sites:	how many
 */
DEFINE_EVENT(klp_set, klp_set_registered,
	TP_PROTO(const char *object, unsigned int sites),
	TP_ARGS(object, sites)
);

/**
 * klp_set_dropped - functions are no longer redirected
 * @object:	the module that they belong to, or vmlinux
 * @sites:	how many
 */
DEFINE_EVENT(klp_set, klp_set_dropped,
	TP_PROTO(const char *object, unsigned int sites),
	TP_ARGS(object, sites)
);

DECLARE_EVENT_CLASS(klp_module,

	TP_PROTO(const char *module, const char *patch, int error),

	TP_ARGS(module, patch, error),

	TP_STRUCT__entry(
		__string(module, module)
		__string(patch, patch)
		__field(int, error)
	),

	TP_fast_assign(
		__assign_str(module);
		__assign_str(patch);
		__entry->error = error;
	),

	TP_printk("module=%s patch=%s error=%d", __get_str(module),
		  __get_str(patch), __entry->error)
);

/**
 * klp_module_coming - a patch was applied to a module that is being loaded
 * @module:	the module
 * @patch:	the patch
 * @error:	0, or why the module is refused
 */
DEFINE_EVENT(klp_module, klp_module_coming,
	TP_PROTO(const char *module, const char *patch, int error),
	TP_ARGS(module, patch, error)
);

/**
 * klp_module_going - a patch was taken out of a module that goes
 * @module:	the module
 * @patch:	the patch
 * @error:	always 0
 */
DEFINE_EVENT(klp_module, klp_module_going,
	TP_PROTO(const char *module, const char *patch, int error),
	TP_ARGS(module, patch, error)
);

#endif /* _TRACE_LIVEPATCH_H */

#include <trace/define_trace.h>
