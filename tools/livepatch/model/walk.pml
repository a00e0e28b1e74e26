// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cursor of a walk: kernel/livepatch/walk.c, while tasks exit and exec.
 *
 * The task list has three groups.  The first one has two threads, one of which may exec,
 * and so takes the place of its leader; the second may go; the third stays.  A batch is one
 * task.
 *
 * -DNO_<PART> takes one part of the protocol out, see parts.tsv.
 */

#ifndef RESTARTS	/* KLP_WALK_RESTARTS */
#define RESTARTS 2
#endif

#define INIT	0
#define LEADER	1
#define THREAD	2	/* of the group of LEADER */
#define FRIEND	3	/* another one, listed behind it */
#define OTHER	4
#define LAST	5
#define ALL	63
#define END	7

/* task->signal: which of them leads does not change it */
#define GROUP(t) ((t) == THREAD || (t) == FRIEND -> LEADER : (t))

#define BIT(t)	  (1 << (t))
#define IN(set, t) (((set) >> (t)) & 1)

byte next_task[6];	/* of a leader */
byte next_thread[6];
byte first_thread;	/* of the group of LEADER; the others are alone */
byte leaders;		/* thread_group_leader() */
byte hashed;		/* pid_alive() */
byte freed;
byte unsafe;		/* may not be freed before the RCU section ends */
byte pinned;		/* get_task_struct() */
bit  rcu;
byte met;

/* Names of properties: always 0, and there to be read when an assertion fails */
hidden byte task_stays, everybody_is_met;

#define may_look_at(t) assert(task_stays || !IN(freed, t))

/* ---- the world ---- */

/* release_task() leaves the pointers of whom it takes out of a list as they are */
inline unhash(t)
{
	hashed = hashed & ~BIT(t);
	unsafe = (rcu -> unsafe | BIT(t) : unsafe)
}

proctype world()
{
	bit replaced;

	do
	/* A thread exits */
	:: d_step {
		IN(hashed, THREAD) && !replaced ->
			next_thread[LEADER] = next_thread[THREAD];
			unhash(THREAD)
	   }
	:: d_step {
		IN(hashed, FRIEND) ->
			if
			:: IN(hashed, THREAD) -> next_thread[THREAD] = END
			:: else -> next_thread[LEADER] = END
			fi;
			unhash(FRIEND)
	   }
	/* One execs, when it is alone with the leader: de_thread() */
	:: d_step {
		IN(hashed, THREAD) && !replaced && !IN(hashed, FRIEND) ->
			next_task[THREAD] = next_task[LEADER];
			next_task[INIT] = THREAD;
			leaders = (leaders | BIT(THREAD)) & ~BIT(LEADER);
			replaced = 1
	   }
	:: d_step {
		replaced && IN(hashed, LEADER) ->
			first_thread = THREAD;
			unhash(LEADER)
	   }
	/* The group exits */
	:: d_step {
		!replaced && hashed == (hashed & ~(BIT(THREAD) | BIT(FRIEND))) &&
		IN(hashed, LEADER) ->
			next_task[INIT] = next_task[LEADER];
			first_thread = END;
			unhash(LEADER)
	   }
	:: d_step {
		replaced && !IN(hashed, LEADER) && IN(hashed, THREAD) ->
			next_task[INIT] = next_task[THREAD];
			first_thread = END;
			unhash(THREAD)
	   }
	/* The second group exits */
	:: d_step {
		IN(hashed, OTHER) ->
			if
			:: IN(leaders, LEADER) && IN(hashed, LEADER) ->
				next_task[LEADER] = LAST
			:: replaced && IN(hashed, THREAD) -> next_task[THREAD] = LAST
			:: else -> next_task[INIT] = LAST
			fi;
			unhash(OTHER)
	   }
	/* A grace period has passed */
	:: freed != (ALL & ~hashed & ~unsafe & ~pinned) ->
		freed = ALL & ~hashed & ~unsafe & ~pinned
	:: true -> break
	od
}

/* ---- the walk ---- */

/* klp_next_thread() */
inline klp_next_thread()
{
	if
	:: task != END -> may_look_at(task); task = next_thread[task]
	:: else
	fi;
	do
	:: task == END ->
		may_look_at(leader);
		leader = next_task[leader];
		if
		:: leader == INIT -> break
		:: leader == LEADER || leader == THREAD ->
			may_look_at(leader);
			task = first_thread
		:: else -> may_look_at(leader); task = leader
		fi
	:: else -> break
	od
}

/* klp_cursor_listed() */
#ifdef NO_CURSOR_ALIVE
#define LEADER_ALIVE true
#else
#define LEADER_ALIVE IN(hashed, leader)
#endif
#ifdef NO_CURSOR_LEADER
#define LEADER_LEADS true
#else
#define LEADER_LEADS IN(leaders, leader)
#endif
#ifdef NO_CURSOR_TASK
#define TASK_ALIVE true
#else
#define TASK_ALIVE IN(hashed, task)
#endif
#ifdef NO_CURSOR_GROUP
#define SAME_GROUP true
#else
#define SAME_GROUP (GROUP(leader) == GROUP(task))
#endif

proctype walk()
{
	byte leader = INIT, task = END, restarts;
	bit resume, all;

	do
	:: true ->
		/* klp_walk_batch() */
#ifndef NO_WALK_RCU
		rcu = 1;
#endif
		if
		:: resume ->
			may_look_at(leader);
			may_look_at(task);
			if
			:: LEADER_ALIVE && LEADER_LEADS && TASK_ALIVE && SAME_GROUP
			:: else ->
				restarts++;
				all = restarts >= RESTARTS;
				leader = INIT;
				task = END
			fi
		:: else
		fi;
		do
		:: true ->
			klp_next_thread();
			if
			:: task == END -> break
			:: else ->
				may_look_at(task);
				met = met | BIT(task)
			fi;
			if
			:: !all -> break
			:: else
			fi
		od;
		if
		:: task == END -> break
		:: else
		fi;
		resume = 1;
		atomic {
#ifdef NO_CURSOR_PIN
			pinned = 0;
#else
			pinned = BIT(leader) | BIT(task);
#endif
			rcu = 0;
			unsafe = 0
		}
	od;
	assert(everybody_is_met || IN(met, LAST));
	assert(everybody_is_met || IN(met, THREAD) || !IN(hashed, THREAD));
	assert(everybody_is_met || IN(met, FRIEND) || !IN(hashed, FRIEND))
}

init
{
	d_step {
		next_task[INIT] = LEADER;
		next_task[LEADER] = OTHER;
		next_task[OTHER] = LAST;
		next_task[LAST] = INIT;
		next_thread[LEADER] = THREAD;
		next_thread[THREAD] = FRIEND;
		next_thread[FRIEND] = END;
		next_thread[OTHER] = END;
		next_thread[LAST] = END;
		first_thread = LEADER;
		leaders = BIT(INIT) | BIT(LEADER) | BIT(OTHER) | BIT(LAST);
		hashed = ALL
	}
	atomic { run world(); run walk() }
}
