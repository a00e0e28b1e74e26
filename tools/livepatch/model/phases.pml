// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The phases of a transition: kernel/livepatch/{transition,task,pass}.c and the
 * handler of site.c, with a task that calls a patched function, one that may be
 * forked or may exit, and everybody who changes phases.
 *
 * Names are those of the code.  A step here is one access to what others write there,
 * or several that no other can tell apart.  Where the code lets the CPU reorder two
 * accesses and relies on klp_synchronize() instead, both orders are here.
 *
 * -DNO_<PART> takes one part of the protocol out, see parts.tsv; the other -Ds choose
 * what may happen, see scenarios.tsv.
 */

/* ---- what may happen ---- */

#ifndef TASKS		/* which of the two tasks there are */
#define TASKS	3
#endif
#ifndef CALLS		/* how many calls each task may make */
#define CALLS	2
#endif
#ifndef CALLS1		/* task 1, if that differs */
#define CALLS1	CALLS
#endif
#ifndef DEPTH		/* how deep they may nest */
#define DEPTH	2
#endif
#ifndef LOOKS		/* how often each task may look at its own stack */
#define LOOKS	1
#endif
#ifndef PASSES		/* how often each task may make a pass itself; passes have an epoch */
#define PASSES	0
#endif
#ifndef FORK		/* task 1 is not there yet: task 0 may fork it */
#define FORK	0
#endif
#ifndef EXIT		/* task 1 may exit */
#define EXIT	0
#endif
#ifndef REVERSE		/* the first transition may be turned around */
#define REVERSE	0
#endif
#ifndef FORCE		/* ... may be forced */
#define FORCE	0
#endif
#ifndef CANCEL		/* ... fails before anybody moves */
#define CANCEL	0
#endif
#ifndef COMING		/* the function is that of a module, which comes meanwhile */
#define COMING	0
#endif
#ifndef SECOND		/* another transition may follow */
#define SECOND	0
#endif
#ifndef STACKED		/* one patch more: the first transition disables the lower */
#define STACKED	0
#endif
#ifndef TWICE		/* a walk may start over, and mark twice */
#define TWICE	0
#endif

/* ---- what there is ---- */

#define UNPATCHED 0
#define PATCHED	1
#define NONE	2	/* KLP_TRANSITION_IDLE: no side */

#define IDLE	  0
#define PREPARED  1
#define FORKED	  2
#define MOVING	  3
#define REVERSING 4
#define MERGED	  5

/* Code that a task can be in; as masks, what a range covers */
#define ORIG	0	/* the original; its range covers the entry call as well */
#define NEW1	1	/* what the first patch puts in its place */
#define NEW2	2	/* what the second one does */
#define TAIL	3	/* another new function of the first, which NEW1 ends in */
#define NOWHERE	7
#define CODE(x)	(1 << (x))
#define ENTRY	16	/* klp_ranges_add(ranges, site->ip, MCOUNT_INSN_SIZE) */

/* Where a task is; from klp_exit_end() on, it is not preempted again */
#define IN_KERNEL  0
#define IN_USER	   1	/* and stays there */
#define IN_EXIT	   2	/* past klp_exit_begin() */
#define ENDING	   3	/* in klp_exit_end() */
#define ENDED	   4	/* ... which has moved it */
#define GONE	   5	/* past klp_exit_end() */

#define BIT(t)	  (1 << (t))
#define IN(set, t) (((set) >> (t)) & 1)
#define VERSION(x) ((x) == TAIL -> NEW1 : (x))

/* struct klp_transition */
byte phase = IDLE;
bit  tr_patch;		/* not NULL */
bit  goal;
bit  base;		/* klp_tr.base */
byte pending;
byte epoch;
byte leaving;		/* which ranges are the present ones; 0 is NULL */
byte exiting;		/* tasks that had a side when their exit section began */

/* site.c */
bit  site_base;		/* klp_side_base */
byte target[2];
bit  connected = !COMING;	/* calls come to the site */

/* Ranges: what they cover by side, and whether they may be used */
byte covers[8];		/* [2 * leaving + side] */
byte ranges_ready, ranges_freed;
byte covered;		/* how many were made */

/* Tasks; a set has a bit for each */
byte patch_state[2] = NONE;
byte tif;		/* TIF_PATCH_PENDING */
byte exit_state;
byte in_exit;		/* in klp_exit_begin() ... klp_exit_end() */
byte listed;		/* a walk of the task list meets it */
byte nopreempt;		/* runs with preemption off */
bit  born = !FORK;	/* task 1 is there */
byte frame[4] = NOWHERE;	/* [2 * task + depth] */
byte chosen[2] = NOWHERE;	/* left the handler, and is in the trampoline yet */

/* Locks and works */
bit  klp_mutex;
bit  tasklist_writer;
bit  klp_done;		/* queued */
bit  klp_pass;		/* planned; only where forced, elsewhere there always is one */
byte unscheduled;	/* whom klp_synchronize() waits for */
byte unfinished;	/* whom synchronize_srcu() waits for */

/* What the patches say should run on each side, and what goes away in the end */
byte plan[2];
byte going;

/* ---- what is checked ---- */

/* Names of properties: always 0, and there to be read when an assertion fails */
hidden byte one_side_per_stack, side_changes_once, no_older_version, module_stays;
hidden byte ranges_stay, ranges_are_sorted, patch_is_there, phases_in_order, count_is_right;
/* That a transition ends is the absence of invalid end states: nobody runs for ever */

bit  forced;		/* sides may be mixed; modules stay */
byte freed;		/* code whose module has been let go */
byte settled;		/* what everybody runs outside of a transition */
byte calm;		/* tasks that called after the last transition was over */
byte moved[2];		/* [side]: tasks that have come to it in this transition */

#define SIDE(t)	(patch_state[t] == NONE -> base : patch_state[t])
#define HIT(t, ranges) \
	(((ranges) & (CODE(frame[2 * (t)]) | CODE(frame[2 * (t) + 1]))) || \
	 (chosen[t] != NOWHERE && ((ranges) & (ENTRY | CODE(ORIG)))))
#define LEAVING(t) covers[2 * leaving + SIDE(t)]

#define may_move(t, side) \
	assert(side_changes_once || SIDE(t) == (side) || !IN(moved[side], t)); \
	moved[side] = (SIDE(t) == (side) -> moved[side] : (moved[side] | BIT(t)))

/* Neither a frame nor somebody on the way */
#define nobody_in(code) \
	assert(module_stays || \
	       (frame[0] != (code) && frame[1] != (code) && \
		frame[2] != (code) && frame[3] != (code) && \
		chosen[0] != (code) && chosen[1] != (code)))

#define usable(ranges) \
	assert(ranges_stay || ((ranges) && !IN(ranges_freed, ranges))); \
	assert(ranges_are_sorted || IN(ranges_ready, ranges))

/* ---- primitives ---- */

inline preempt_disable(t)
{
	nopreempt = nopreempt | BIT(t)
}

/* What follows klp_exit_end() is never preempted again */
inline preempt_enable(t)
{
	if
	:: where >= ENDING -> skip
	:: else -> nopreempt = nopreempt & ~BIT(t); unscheduled = unscheduled & ~BIT(t)
	fi
}

inline klp_synchronize()
{
	atomic { unscheduled = nopreempt; unscheduled == 0 }
}

inline synchronize_srcu()
{
	atomic { unfinished = in_exit; unfinished == 0 }
}

inline klp_fork_fence()
{
	!tasklist_writer
}

inline lock()
{
	atomic { !klp_mutex -> klp_mutex = 1 }
}

inline klp_lock()
{
#ifdef NO_SETTLED
	lock()
#else
	atomic { !klp_mutex && (phase != IDLE || !exiting) -> klp_mutex = 1 }
#endif
}

inline unlock()
{
	klp_mutex = 0
}

inline klp_phase_set(next)
{
	d_step {
		assert(phases_in_order || (phase == IDLE && next == PREPARED) ||
		       (phase == PREPARED && (next == FORKED || next == MERGED)) ||
		       (phase == FORKED && next == MOVING) ||
		       (phase == MOVING && (next == REVERSING || next == MERGED)) ||
		       (phase == REVERSING && next == MOVING) ||
		       (phase == MERGED && next == IDLE));
		epoch++;
		phase = next
	}
}

inline klp_pending_drop()
{
	atomic {
#ifndef NO_RAISE_FIRST
		assert(count_is_right || pending > 0);
#endif
		pending--;
		if
		:: pending == 0 -> klp_done = 1
		:: else
		fi
	}
}

/* ---- walks ---- */

inline klp_task_mark(t)
{
	d_step {
		if
		:: patch_state[t] == NONE -> patch_state[t] = base
		:: else
		fi;
#ifdef NO_MARK_CHECK
		k = patch_state[t] != goal
#else
		k = patch_state[t] != goal && !IN(exit_state, t)
#endif
	}
	if
	:: k ->
#ifndef NO_RAISE_FIRST
		pending++;
#endif
		d_step { k = IN(tif, t); tif = tif | BIT(t) }
#ifdef NO_RAISE_FIRST
		pending++;
#endif
		if
#ifndef NO_MARK_TWICE
		:: k -> klp_pending_drop()
#else
		:: k -> skip
#endif
#ifndef NO_MARK_RECHECK
		:: !k && IN(exit_state, t) ->
			d_step { k = IN(tif, t); tif = tif & ~BIT(t) }
			if
			:: k -> klp_pending_drop()
			:: else
			fi
		:: !k && !IN(exit_state, t)
#else
		:: !k
#endif
		fi;
		k = 0
	:: else
	fi
}

inline klp_task_unmark(t)
{
	d_step { k = IN(tif, t); tif = tif & ~BIT(t) }
	if
	:: k -> klp_pending_drop(); k = 0
	:: else
	fi
}

inline klp_task_force(t)
{
	d_step { k = IN(tif, t); tif = tif & ~BIT(t) }
	if
	:: k ->
		d_step { may_move(t, goal); patch_state[t] = goal }
		klp_pending_drop();
		k = 0
	:: else
	fi
}

inline klp_task_clear(t)
{
	patch_state[t] = NONE
}

/* It holds a task that it has met, so the visit goes on when that leaves the list */
#define klp_walk(visit) \
	if \
	:: IN(listed, 0) -> visit(0) \
	:: else \
	fi; \
	if \
	:: IN(listed, 1) -> visit(1) \
	:: else \
	fi

/* ---- the steps of a transition ---- */

/* The code of @side where the sides differ, and new functions that go away with it */
inline klp_ranges_build(side)
{
	covers[2 * covered + side] =
		(plan[0] == plan[1] || !(connected || coming) -> 0 :
		 CODE(plan[side])
#ifndef NO_ENTRY_RANGE
		 | (plan[side] == ORIG -> 0 : ENTRY)
#endif
		) |
#ifndef NO_RETIRE_RANGES
		(STACKED && side == PATCHED -> CODE(NEW1) | CODE(TAIL) : 0) |
#endif
		0
}

inline klp_transition_cover()
{
	d_step {
		covered++;
		klp_ranges_build(UNPATCHED);
		klp_ranges_build(PATCHED);
		last = leaving;
#ifndef NO_COVER_RELEASE
		ranges_ready = ranges_ready | BIT(covered);
#endif
	}
	leaving = covered;
#ifdef NO_COVER_RELEASE
	ranges_ready = ranges_ready | BIT(covered);
#endif
	if
	:: last ->
#ifndef NO_COVER_SYNC
		klp_synchronize();
#endif
		ranges_freed = ranges_freed | BIT(last);
		last = 0
	:: else
	fi
}

inline klp_sites_publish()
{
	target[UNPATCHED] = plan[UNPATCHED];
	target[PATCHED] = plan[PATCHED]
}

inline klp_transition_prepare(side)
{
	atomic {
		tr_patch = 1;
		goal = side;
		calm = 0;
		moved[0] = 0;
		moved[1] = 0;
		klp_phase_set(PREPARED)
	}
	base = 1 - side;
	site_base = 1 - side;
#ifndef NO_PREPARE_SYNC
	klp_synchronize()
#endif
}

inline klp_transition_fork()
{
	klp_phase_set(FORKED);
	if
	:: connected -> klp_sites_publish()
	:: else
	fi;
#ifndef NO_FORK_SYNC
	klp_synchronize()
#endif
}

inline klp_transition_move()
{
#ifndef NO_TOKEN
	pending++;
#endif
	klp_phase_set(MOVING);
#ifndef NO_MOVE_FENCE
	klp_fork_fence();
#endif
	klp_walk(klp_task_mark);
	/* Its cursor was lost, so it started over */
	if
	:: TWICE -> klp_walk(klp_task_mark)
	:: true
	fi;
#ifndef NO_TOKEN
	klp_pending_drop();
#endif
	klp_pass = FORCE
}

inline klp_transition_reverse()
{
	klp_phase_set(REVERSING);
#ifndef NO_REVERSE_FENCE
	klp_fork_fence();
#endif
#ifndef NO_UNMARK
	klp_walk(klp_task_unmark);
#endif
#ifndef NO_REVERSE_SYNC
	klp_synchronize();
#endif
	goal = 1 - goal	/* and klp_transition_move() */
}

inline klp_transition_force()
{
	forced = 1;
	klp_walk(klp_task_force);
	klp_pass = 1
}

/* klp_module_coming(): klp_object_redirect(), while tasks are moving */
inline klp_object_redirect()
{
	coming = 1;
#ifndef NO_COMING_COVER
	klp_transition_cover();
#endif
	klp_sites_publish();
	connected = 1;
	coming = 0
}

/* klp_transition_complete(), and what it calls */
inline klp_complete()
{
	d_step {
		going = plan[1 - goal];
		plan[1 - goal] = plan[goal]
	}
	if
	:: connected -> klp_sites_publish()
	:: else
	fi;
#ifndef NO_MERGE_BASE
	base = goal;
	site_base = goal;
#endif
#ifndef NO_MERGE_SYNC
	klp_synchronize();
#endif
	klp_phase_set(MERGED);
#ifndef NO_MERGE_FENCE
	klp_fork_fence();
#endif
#ifndef NO_CLEAR
	klp_walk(klp_task_clear);
#endif
	atomic {
		ranges_freed = ranges_freed | BIT(leaving);
		leaving = 0
	}
	klp_transition_end()
}

/* The reference on what goes away is dropped as soon as it may be */
inline klp_transition_end()
{
	atomic {
		klp_phase_set(IDLE);
		tr_patch = 0;
		assert(count_is_right || (pending == 0 && tif == 0));
		settled = plan[goal];
		if
		:: going == ORIG || forced
		:: else ->
			nobody_in(going);
			freed = freed | CODE(going);
			if
			:: STACKED -> nobody_in(TAIL); freed = freed | CODE(TAIL)
			:: else
			fi
		fi
	}
}

/* ---- who changes phases ---- */

/* klp_patch_enable(), klp_patch_disable() and what may happen next */
proctype control()
{
	bit coming, k, turned;
	byte last, nr;

	do
	:: nr < 1 + SECOND ->
		nr++;
		klp_lock();
		if
		/* klp_patch_enable() prepares first, klp_patch_disable() last */
		:: nr == 2 || !STACKED ->
			klp_transition_prepare(PATCHED);
			plan[PATCHED] = (nr == 1 -> NEW1 : NEW2);
			/* klp_sites_connect() */
			if
			:: connected -> klp_sites_publish()
			:: else
			fi;
			/* klp_patch_cancel(): something failed */
			if
			:: CANCEL && nr == 1 ->
				goal = base;
				klp_complete();
				unlock();
				goto next
			:: !CANCEL || nr == 2
			fi
		:: settled == NEW1 ->
			plan[UNPATCHED] = ORIG
		fi;
		klp_transition_cover();
		if
		:: phase == IDLE -> klp_transition_prepare(UNPATCHED)
		:: else
		fi;
		klp_transition_fork();
again:		klp_transition_move();
		unlock();

		if
		:: REVERSE && nr == 1 && !turned ->
			klp_lock();
			turned = 1;
			if
			:: phase == MOVING -> klp_transition_reverse(); goto again
			:: else -> unlock()
			fi
		:: FORCE && nr == 1 ->
			lock();
			if
			:: phase == MOVING -> klp_transition_force()
			:: else
			fi;
			unlock()
		:: COMING && nr == 1 ->
			lock();
			if
			:: phase == MOVING -> klp_object_redirect()
			:: else	/* settled: nothing that this is about */
			fi;
			unlock()
		:: true
		fi;
		phase == IDLE && !klp_mutex;
next:		skip
	:: else -> break
	od
}

#ifdef NO_DONE_EPOCH
#define DONE_EPOCH true
#else
#define DONE_EPOCH (epoch == seen)
#endif
#ifdef NO_DONE_MOVING
#define DONE_MOVING true
#else
#define DONE_MOVING (phase == MOVING)
#endif
#ifdef NO_DONE_PENDING
#define DONE_PENDING true
#else
#define DONE_PENDING (pending == 0)
#endif

/* klp_done_work() */
proctype done()
{
	byte seen;

end:	do
	:: atomic { klp_done -> klp_done = 0 }
#ifdef NO_DONE_LOCK
		seen = epoch;
#else
		atomic { !klp_mutex -> seen = epoch }
#endif
#ifndef NO_DONE_SRCU
		synchronize_srcu();
#endif
		lock();
#ifndef NO_DONE_FENCE
		klp_fork_fence();
#endif
		if
		:: DONE_EPOCH && DONE_MOVING && DONE_PENDING -> klp_complete()
#ifndef NO_DONE_PASS
		:: DONE_EPOCH && DONE_MOVING && !DONE_PENDING -> klp_pass = FORCE
#endif
		:: else
		fi;
		seen = 0;
		unlock()
	od
}

/* Without an epoch more may happen, in fewer states: so most scenarios have none */
#if defined(NO_PASS_EPOCH) || !PASSES
#define PASS_EPOCH true
#else
#define PASS_EPOCH (epoch == seen)
#endif
#ifdef NO_PASS_MOVING
#define PASS_MOVING true
#else
#define PASS_MOVING (phase == MOVING)
#endif

/*
 * klp_transition_pass(), all in one batch.  Planned only where that changes something, and
 * again until then.
 */
#ifdef NO_TRY_SIDE
#define CLEAR(t) (!HIT(t, LEAVING(t)))
#else
#define CLEAR(t) (SIDE(t) == goal || !HIT(t, LEAVING(t)))
#endif
#define MOVABLE(t) (IN(listed, t) && !IN(nopreempt, t) && CLEAR(t) && \
		    (IN(tif, t) || (IN(exit_state, t) && SIDE(t) != goal)))

/* task_call_func() keeps the task from running meanwhile */
inline klp_try_switch_task(t)
{
	atomic {
		if
		:: MOVABLE(t) ->
			usable(leaving);
			may_move(t, goal);
			patch_state[t] = goal;
			k = IN(tif, t);
			tif = tif & ~BIT(t)
		:: else
		fi
	}
	if
	:: k -> k = 0; klp_pending_drop()
	:: else
	fi
}

proctype pass()
{
	bit k;
	byte seen;

end:	do
	/* klp_pass_end() */
	:: atomic { klp_pass && phase == MOVING && !pending && !klp_mutex -> klp_pass = 0 }
	:: (klp_pass || !FORCE) && phase == MOVING && (MOVABLE(0) || MOVABLE(1)) ->
#if PASSES
		seen = epoch;	/* it begins some time later */
#endif
		lock();
		if
		:: PASS_EPOCH && PASS_MOVING ->
			assert(patch_is_there || tr_patch);	/* klp_pass_end() */
			klp_try_switch_task(0);
			klp_try_switch_task(1)
		:: else
		fi;
#if PASSES
		seen = 0;
#endif
		unlock()
	od
}

/* ---- what a task does ---- */

/* klp_site_handler(), the trampoline, and the first instruction of what was chosen */
inline call()
{
	atomic {
		calls--;
#ifndef NO_HANDLER_PREEMPT
		preempt_disable(me);
#endif
		calm = (phase == IDLE -> calm | BIT(me) : calm & ~BIT(me))
	}
	if
	:: side = patch_state[me];
		if
		:: side == NONE -> side = site_base
		:: else
		fi;
		code = target[side]
	/* Nothing keeps the CPU from doing so, should there turn out to be no side */
	:: side = site_base;
		code = target[side];
		side = patch_state[me];
		if
		:: side != NONE -> code = target[side]
		:: else
		fi
	fi;
	atomic {
		assert(no_older_version || !IN(calm, me) || phase != IDLE || code == settled);
		calm = calm & ~BIT(me);
		chosen[me] = code;
#ifndef NO_HANDLER_PREEMPT
		preempt_enable(me);
#endif
		side = 0;
		code = 0
	}
	atomic {
		frame[2 * me + depth] = chosen[me];
		chosen[me] = NOWHERE;
		assert(module_stays || !(freed & CODE(frame[2 * me + depth])));
		/* What do_exit() was called from is not returned to */
		assert(one_side_per_stack || !depth || forced || where >= ENDING ||
		       VERSION(frame[2 * me]) == VERSION(frame[2 * me + depth]));
		depth++
	}
}

/* NEW1 ends in a jump to another function of the same patch */
inline tail_call()
{
	frame[2 * me + depth - 1] = TAIL
}

inline come_back()
{
	atomic {
		depth--;
		assert(module_stays || !(freed & CODE(frame[2 * me + depth])));
		frame[2 * me + depth] = NOWHERE
	}
}

/* klp_task_move() from its second line on, and klp_task_count() */
inline klp_task_move()
{
	side = goal;
	atomic {
		may_move(me, side);
		patch_state[me] = side;
		side = 0;
		assert(patch_is_there || !found || tr_patch)
	}
}

/* On the way to user mode, in the idle loop, or in klp_exit_end() */
inline klp_task_leap()
{
	atomic {
		if
		:: IN(tif, me) ->
			tif = tif & ~BIT(me);
#ifndef NO_LEAP_PREEMPT
			preempt_disable(me);
#endif
			found = 1
		:: else
		fi
	}
	if
	:: found ->
		klp_task_move();
#ifndef NO_LEAP_PREEMPT
		atomic { preempt_enable(me) }
#endif
		found = 0;
		klp_pending_drop()
	:: else
	fi
}

/* If found is set, with the ranges that were read; it is set afterwards if that moved it */
inline klp_task_try()
{
	if
	:: found ->
		atomic {
			side = SIDE(me);
#ifndef NO_TRY_SIDE
			found = side != goal
#endif
		}
		if
		:: found ->
			atomic {
				usable(ranges);
				found = !HIT(me, covers[2 * ranges + side])
			}
		:: else -> found = 1
		fi;
		side = 0
	:: else
	fi;
	ranges = 0;
	if
	:: found ->
		d_step { found = IN(tif, me); tif = tif & ~BIT(me) }
		if
		:: found || IN(exit_state, me) -> klp_task_move()
		:: else
		fi
	:: else
	fi
}

/* __klp_sched_try_switch() */
inline klp_sched_try_switch()
{
	if
	:: IN(tif, me) ->
#ifndef NO_RESCHED_PREEMPT
		atomic { preempt_disable(me) }
#endif
#ifdef NO_RESCHED_RECHECK
		found = 1;
#else
		found = IN(tif, me);
#endif
		ranges = leaving
#ifndef NO_RESCHED_RECHECK
	/* Nothing but klp_synchronize() keeps the CPU from reading this first */
	:: atomic {
		ranges = leaving;
#ifndef NO_RESCHED_PREEMPT
		preempt_disable(me)
#endif
	   }
		found = IN(tif, me)
#endif
	fi;
	looks--;
	klp_task_try();
#ifndef NO_RESCHED_PREEMPT
	atomic { preempt_enable(me) }
#endif
	if
	:: found -> found = 0; klp_pending_drop()
	:: else
	fi
}

/* klp_try_switch_task() where the task is current: the pass is its own */
inline klp_try_switch_current()
{
	lock();
	passes--;
	if
	:: phase == MOVING && (IN(tif, me) || SIDE(me) != goal) ->
#ifndef NO_PASS_PREEMPT
		atomic { preempt_disable(me) }
#endif
		atomic { ranges = leaving; found = 1 }
		klp_task_try();
#ifndef NO_PASS_PREEMPT
		atomic { preempt_enable(me) }
#endif
		if
		:: found -> found = 0; klp_pending_drop()
		:: else
		fi
	:: else
	fi;
	unlock()
}

/* copy_process(), under tasklist_lock */
inline fork()
{
	atomic { !tasklist_writer -> tasklist_writer = 1; preempt_disable(me); forked = 1 }
	/* klp_copy_process(): the two reads are not ordered */
	if
	:: copy_phase = phase; copy_goal = goal
	:: copy_goal = goal; copy_phase = phase
	fi;
	if
	:: copy_phase == MOVING || copy_phase == REVERSING -> side = SIDE(me)
	:: else -> side = NONE
	fi;
	atomic {
#ifdef NO_FORK_REVERSING
		found = side != NONE && side != copy_goal;
#else
		found = copy_phase == MOVING && side != copy_goal;
#endif
		if
#ifdef NO_FORK_COUNT
		:: found -> skip
#else
		:: found -> pending++
#endif
		:: else -> assert(patch_is_there || copy_phase != MOVING || tr_patch)
		fi
	}
	atomic {
		patch_state[1] = side;
		tif = tif | (found -> BIT(1) : 0);
		listed = listed | BIT(1);
		born = 1;
		found = 0;
		side = 0;
		copy_phase = 0;
		copy_goal = 0;
		tasklist_writer = 0;
		preempt_enable(me)
	}
}

inline klp_exit_count()
{
	if
	:: patch_state[me] == NONE
	:: patch_state[me] != NONE -> exiting = exiting | BIT(me)
	fi
}

inline klp_exit_begin()
{
	atomic {
		where = IN_EXIT;
		bottom = depth;
#ifndef NO_EXIT_SECTION
		in_exit = in_exit | BIT(me)
#endif
	}
#ifndef NO_EXIT_COUNT_ORDER
	klp_exit_count();
#endif
	/* exit_notify() */
	atomic { !tasklist_writer -> exit_state = exit_state | BIT(me) }
}

/* But for the leap, which comes first */
inline klp_exit_end()
{
	atomic {
		in_exit = in_exit & ~BIT(me);
		unfinished = unfinished & ~BIT(me);
		exiting = exiting & ~BIT(me);
		where = GONE
	}
}

/* Another task runs, and this one may be reaped */
inline do_task_dead()
{
	atomic {
		frame[2 * me] = NOWHERE;
		frame[2 * me + 1] = NOWHERE;
		nopreempt = nopreempt & ~BIT(me);
		unscheduled = unscheduled & ~BIT(me)
	}
	if
	:: IN(listed, me) && !tasklist_writer -> listed = listed & ~BIT(me)
	:: true
	fi
}

proctype task(bit me)
{
	byte depth, bottom, calls = (me -> CALLS1 : CALLS), looks = LOOKS;
	byte passes = PASSES;
	byte where, side, code, ranges, copy_phase;
	bit copy_goal, found, forked;

end_unborn:
	!(me && FORK) || born;
end_user:
	do
	:: calls && connected && depth < DEPTH &&
	   (where == IN_KERNEL || where == IN_EXIT || where == GONE) -> call()
	:: depth > bottom && where <= IN_EXIT -> come_back()
	:: STACKED && depth && frame[2 * me + depth - 1] == NEW1 -> tail_call()
	:: looks && (where == IN_KERNEL || where == IN_EXIT) -> klp_sched_try_switch()
	:: passes && where == IN_KERNEL -> klp_try_switch_current()
	:: FORK && !me && !forked && where == IN_KERNEL -> fork()
	/* It sleeps where nobody needs to leave; whoever does leave is woken up */
	:: depth && where == IN_KERNEL && phase == MOVING && SIDE(me) == goal ->
		phase == IDLE || SIDE(me) != goal
	/* A kthread sleeps, and is moved by a pass only */
	:: FORCE && me && !depth && where == IN_KERNEL && phase == MOVING -> phase == IDLE
	:: !depth && where == IN_KERNEL -> where = IN_USER
	:: EXIT && me && where == IN_KERNEL -> klp_exit_begin()
	:: where == IN_EXIT && IN(listed, me) && !tasklist_writer ->
		listed = listed & ~BIT(me)
#ifdef NO_EXIT_COUNT_ORDER
		;
		/* Nothing keeps the CPU from counting only now */
		klp_exit_count()
#endif
	:: where == IN_EXIT && depth == bottom ->
		atomic { preempt_disable(me); where = ENDING }
#ifndef NO_EXIT_LEAP
	:: (where <= IN_USER && !depth && IN(tif, me)) || where == ENDING ->
		klp_task_leap();
		where = (where == ENDING -> ENDED : where)
#else
	:: where <= IN_USER && !depth && IN(tif, me) -> klp_task_leap()
	:: where == ENDING -> where = ENDED
#endif
	:: where == ENDED -> klp_exit_end()
	:: where == GONE -> do_task_dead(); break
	od
}

init
{
	atomic {
		listed = (FORK -> BIT(0) : TASKS);
		if
		:: STACKED ->
			plan[0] = NEW1; plan[1] = NEW1;
			target[0] = NEW1; target[1] = NEW1;
			settled = NEW1;
			goal = PATCHED; base = PATCHED; site_base = PATCHED
		:: else
		fi;
		run control();
		run done();
		run pass();
		if
		:: IN(TASKS, 0) -> run task(0)
		:: else
		fi;
		if
		:: IN(TASKS, 1) -> run task(1)
		:: else
		fi
	}
}
