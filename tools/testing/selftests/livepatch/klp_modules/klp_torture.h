/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules of the torture test share.  See klp_torture.c and klp_torture_call.c.
 */
#ifndef KLP_TORTURE_H
#define KLP_TORTURE_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dentry;
struct module;

#if __has_attribute(__noipa__)
#define __klp_noipa __attribute__((__noipa__))
#else
#define __klp_noipa
#endif

/* The functions that patches replace: a to d, e and f of a module that comes and goes */
enum klp_torture_func {
	KLP_TORTURE_A, KLP_TORTURE_B, KLP_TORTURE_C, KLP_TORTURE_D,
	KLP_TORTURE_E, KLP_TORTURE_F,
	KLP_TORTURE_EXIT,	/* exit_task_stack_account(), of vmlinux */
	KLP_TORTURE_FUNCS,	/* at most 8: a map has a byte for each */
};

#define KLP_TORTURE_PATCHES	6	/* their versions are 1 to 6; 0 is the original */
#define KLP_TORTURE_DEPTH	12

/* How a call may go on */
#define KLP_TORTURE_ATOMIC	0x01	/* it must not sleep */
#define KLP_TORTURE_HOLD	0x02	/* the first function sleeps until released */
#define KLP_TORTURE_EXITING	0x04	/* the task has left the task list, or soon will */
#define KLP_TORTURE_COMING	0x08	/* the module that comes and goes is held here */

#define KLP_TORTURE_JUMP	0x20	/* the first function ends by a jump, if it can */
#define KLP_TORTURE_CHILD	0x10	/* the task has just been created */

/**
 * struct klp_torture_task - what one task has shown so far
 * @transition:	the one that the rest is about
 * @leg:	of the transition; each reversal begins another
 * @side:	where it was seen last
 * @changes:	how often it was seen to change its side
 * @arrived:	it was seen at the goal of @leg
 */
struct klp_torture_task {
	unsigned int transition;
	unsigned int leg;
	unsigned int side;
	unsigned int changes;
	bool arrived;
};

/**
 * struct klp_torture_frame - a function on a stack
 * @mask:	the callers that came by their entry, a byte 0xff for each
 * @versions:	the version of each, in the same byte
 * @func:	which function
 * @version:	which version of it
 * @steps:	what it has done so far
 * @direct:	its own patch called it, not by way of the entry
 */
struct klp_torture_frame {
	u64 mask;
	u64 versions;
	u8 func;
	u8 version;
	u8 steps;
	bool direct;
};

/**
 * struct klp_torture_call - what is on one stack, kept by the functions themselves
 * @task:	the task, NULL in an interrupt
 * @flags:	KLP_TORTURE_*
 * @random:	state of the generator
 * @left:	number of calls still to be made
 * @depth:	number of frames
 * @direct:	the next function is called directly
 * @handed:	and takes over the place of its caller, who is counted already
 * @frame:	the outermost first
 */
struct klp_torture_call {
	struct klp_torture_task *task;
	unsigned int flags;
	u32 random;
	u8 left;
	u8 depth;
	bool direct;
	bool handed;
	struct klp_torture_frame frame[KLP_TORTURE_DEPTH];
};

typedef int (*klp_torture_fn)(struct klp_torture_call *call);

/* The functions */
int klp_torture_a(struct klp_torture_call *call);
int klp_torture_b(struct klp_torture_call *call);
int klp_torture_c(struct klp_torture_call *call);
int klp_torture_d(struct klp_torture_call *call);
int klp_torture_e(struct klp_torture_call *call);
int klp_torture_f(struct klp_torture_call *call);

/* For the functions */
void klp_torture_enter(struct klp_torture_call *call, int func, int version);
klp_torture_fn klp_torture_step(struct klp_torture_call *call,
				const klp_torture_fn *own);
klp_torture_fn klp_torture_leave(struct klp_torture_call *call,
				 const klp_torture_fn *own);

/* For klp_torture_call.c */
extern struct dentry *klp_torture_dir;
void klp_torture_again(const struct klp_torture_call *call);
void klp_torture_end(struct klp_torture_call *call, bool handed);

/* For those who call them: a kthread, an interrupt, a write(2) */
void klp_torture_run(struct klp_torture_task *task, unsigned int flags);
void klp_torture_hold(struct klp_torture_task *task, int func, bool jump);
u32 klp_torture_random(u32 *state);
u32 klp_torture_seed(void);

/* For the modules that come and go */
void klp_torture_come(struct module *mod, const klp_torture_fn *func);
void klp_torture_go(const klp_torture_fn *func);
void klp_torture_bury(int version);

#endif
