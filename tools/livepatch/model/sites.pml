// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settled jumps, and a set that could not be registered: kernel/livepatch/site.c, with
 * what core.c calls of it.
 *
 * A worker lets the site jump while patches are enabled and disabled.  What phases.pml is
 * about is taken for granted here: a call and a move are one step each.
 *
 * -DNO_<PART> takes one part of the protocol out, see parts.tsv.
 */

#ifndef CALLS		/* how many calls the task may make */
#define CALLS	3
#endif
#ifndef SETTLES		/* how often the worker may run */
#define SETTLES	2
#endif
#ifndef DISCARD		/* a set cannot be registered, and nothing else */
#define DISCARD	0
#endif

#define UNPATCHED 0
#define PATCHED	1

#define ORIG	0	/* as a jump: none */
#define NEW1	1
#define NEW2	2
#define NOWHERE	7

bit  klp_sites_mutex, klp_mutex;
byte plan[2] = NEW1;	/* what the patches say */
byte target[2] = NEW1;	/* what the handler reads */
byte jump;		/* klp_site.jump */
byte text;		/* where the entry jumps; 0: it calls the handler */
bit  moving, goal;
bit  side = PATCHED;	/* of the task */
byte frame[2] = NOWHERE;
byte freed = NOWHERE;

bit  nopreempt, listed, set_freed;

/* Names of properties: always 0, and there to be read when an assertion fails */
hidden byte one_side_per_stack, jump_goes_where_a_call_would, module_stays, set_stays;

#define nobody_in(code) \
	assert(module_stays || (frame[0] != (code) && frame[1] != (code) && \
				text != (code) && jump != (code)))

inline lock(mutex)
{
	atomic { !mutex -> mutex = 1 }
}

#ifdef NO_OFFER_SETTLED
#define klp_site_settled() plan[PATCHED]
#else
#define klp_site_settled() (plan[0] == plan[1] -> plan[PATCHED] : 0)
#endif
#define klp_site_must_call() (jump && jump != klp_site_settled())

/* ---- the worker ---- */

/* klp_sites_settle() */
proctype settle()
{
	byte offer, runs = SETTLES;

	do
	:: runs ->
		runs--;
		lock(klp_sites_mutex);
		/* klp_set_offer() */
#ifndef NO_OFFER_LOCK
		lock(klp_mutex);
#endif
		if
		:: !jump -> offer = klp_site_settled()
		:: else -> offer = 0
		fi;
#ifndef NO_OFFER_NOTE
		if
		:: offer -> jump = offer
		:: else
		fi;
#endif
#ifndef NO_OFFER_LOCK
		klp_mutex = 0;
#endif
		/* ftrace_update_jumps(): it asks, and writes some time later */
		if
		:: offer -> text = offer
		:: else
		fi;
#ifdef NO_OFFER_NOTE
		if
		:: offer -> jump = offer
		:: else
		fi;
#endif
		offer = 0;
		klp_sites_mutex = 0
	:: true -> break
	od
}

/* ---- who changes sides ---- */

inline klp_sites_unsettle()
{
	if
	:: klp_site_must_call() -> text = 0; jump = 0
	:: else
	fi
}

/* The phases, from FORKED to the end */
inline transition(to)
{
	atomic { goal = to; side = 1 - to }
	target[UNPATCHED] = plan[UNPATCHED];
	target[PATCHED] = plan[PATCHED];
	moving = 1;
	klp_mutex = 0;
	klp_sites_mutex = (held -> 0 : klp_sites_mutex);
	held = 0;

	atomic { side == goal && !klp_mutex -> klp_mutex = 1 }
	moving = 0;
	atomic { left = plan[1 - goal]; plan[1 - goal] = plan[goal] }
	target[1 - goal] = target[goal];
	if
	:: left != ORIG -> atomic { nobody_in(left); freed = left }
	:: else
	fi;
	klp_mutex = 0
}

proctype control()
{
	bit held;
	byte left;

	if
	/* klp_patch_enable(): it replaces NEW1 */
	:: atomic { !klp_sites_mutex -> klp_sites_mutex = 1 }
		held = 1;
		lock(klp_mutex);
		plan[PATCHED] = NEW2;
#ifndef NO_ENABLE_UNSETTLE
		klp_sites_unsettle();
#endif
		transition(PATCHED)
	/* klp_patch_set_enabled() */
	:: true ->
		lock(klp_mutex);
		plan[UNPATCHED] = ORIG;
		if
#ifndef NO_MUST_CALL
		:: klp_site_must_call() ->
			plan[UNPATCHED] = NEW1;
			klp_mutex = 0;
			/* klp_patch_toggle_settled() */
#ifndef NO_TOGGLE_MUTEX
			lock(klp_sites_mutex);
			held = 1;
#endif
			lock(klp_mutex);
			plan[UNPATCHED] = ORIG;
#ifndef NO_TOGGLE_UNSETTLE
			klp_sites_unsettle()
#endif
#endif
		:: else
		fi;
		transition(UNPATCHED)
	fi
}

/* ---- the task ---- */

proctype task()
{
	byte calls = CALLS, depth;

	do
	:: calls && depth < 2 ->
		atomic {
			calls--;
			frame[depth] = (text -> text : target[side]);
			assert(jump_goes_where_a_call_would || frame[depth] == target[side]);
			assert(module_stays || frame[depth] != freed);
			assert(one_side_per_stack || !depth || frame[0] == frame[1]);
			depth++
		}
	:: depth -> atomic { depth--; frame[depth] = NOWHERE }
	:: atomic {
		moving && side != goal && frame[0] != plan[side] && frame[1] != plan[side] ->
			side = goal
	   }
	:: !depth -> break
	od;
end:	do
	:: atomic { moving && side != goal -> side = goal }
	od
}

/* ---- a set that could not be registered ---- */

/* klp_object_redirect(), when klp_sites_connect() fails */
proctype redirect()
{
	listed = 1;
	listed = 0;
#ifndef NO_DISCARD_SYNC
	!nopreempt;
#endif
	set_freed = 1	/* klp_sites_discard() */
}

/* ftrace calls everybody in its list, for whatever function is traced */
proctype traced()
{
	bit found;

	nopreempt = 1;
	found = listed;
	assert(set_stays || !found || !set_freed);
	nopreempt = 0
}

init
{
	atomic {
		if
		:: DISCARD -> run redirect(); run traced()
		:: else -> run settle(); run control(); run task()
		fi
	}
}
