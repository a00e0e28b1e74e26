// SPDX-License-Identifier: GPL-2.0
/*
 * klp_torture - does everybody run what he should, whatever happens?
 *
 * The test (klp-torture.c) says what it is about to do, by writing to the file
 * "control" in debugfs: "enable VERSION FUNCS REPLACE", "disable VERSION", "turn"
 * before it turns a transition around and "turned" after, "done SIDE" when one is
 * over.  From that follows what each side may run: a *map*, a byte for each function,
 * with the version that runs.
 *
 * The functions (klp_torture_func.h) keep what is on their stack in a struct
 * klp_torture_call.  Each asks, when it begins, after it slept and when it ends:
 *
 * stale	is its version in the map of either side?  When a transition is over, no
 *		older version may begin, or still be there
 * nested	is there one side that has its version and those of all its callers?
 * back		a task that was at the goal must not be elsewhere later, until the
 *		goal changes; and it must not change more often than the goal
 * gone		is the patch there, also where its own functions called it directly?
 * side		without a transition no task has a side
 *
 * As a frame keeps its task from moving wherever the sides differ, what is true when
 * a function begins is true as long as it runs: no answer depends on the moment of
 * the question.  And when a patch module goes, nobody must be in it ("inside").
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/uaccess.h>

#include "klp_torture.h"

/* ---- what should run ---- */

/**
 * struct klp_torture_world - what the test has said
 * @map:	by side, the version of each function
 * @present:	a bit for each version that may run
 * @goal:	the side to move to; -1 if nothing moves
 * @base:	the side that all were on
 * @transition:	number of transitions so far
 * @leg:	changes with every goal
 * @turns:	how often a task may change its side by now
 * @turning:	the goal may be either
 */
struct klp_torture_world {
	u64 map[2];
	unsigned int present;
	int goal;
	unsigned int base;
	unsigned int transition;
	unsigned int leg;
	unsigned int turns;
	bool turning;
};

static struct klp_torture_world klp_torture_world = {
	.present = BIT(0),
	.goal = -1,
};

static DEFINE_SEQLOCK(klp_torture_lock);

/* The patches that are enabled, oldest first, by side; a bit for each function */
struct klp_torture_patches {
	unsigned int nr;
	u8 version[KLP_TORTURE_PATCHES];
	u8 funcs[KLP_TORTURE_PATCHES];
};

static struct klp_torture_patches klp_torture_patches[2];

static atomic_t klp_torture_inside[KLP_TORTURE_PATCHES + 1];
static DEFINE_PER_CPU(unsigned long, klp_torture_calls);
static DEFINE_PER_CPU(unsigned long, klp_torture_differing);

static u64 klp_torture_map(const struct klp_torture_patches *patches)
{
	u64 map = 0;
	int i, func;

	for (i = 0; i < patches->nr; i++)
		for (func = 0; func < KLP_TORTURE_FUNCS; func++)
			if (patches->funcs[i] & BIT(func)) {
				map &= ~(0xffULL << 8 * func);
				map |= (u64)patches->version[i] << 8 * func;
			}
	return map;
}

static unsigned int klp_torture_present(const struct klp_torture_patches *patches)
{
	unsigned int i, present = BIT(0);

	for (i = 0; i < patches->nr; i++)
		present |= BIT(patches->version[i]);
	return present;
}

static void klp_torture_publish(void)
{
	struct klp_torture_world *w = &klp_torture_world;
	int side;

	w->present = 0;
	for (side = 0; side < 2; side++) {
		w->map[side] = klp_torture_map(&klp_torture_patches[side]);
		w->present |= klp_torture_present(&klp_torture_patches[side]);
	}
}

static void klp_torture_begin(int goal)
{
	struct klp_torture_world *w = &klp_torture_world;

	w->goal = goal;
	w->base = !goal;
	w->transition++;
	w->leg++;
	w->turns = 1;
	klp_torture_publish();
}

/* ---- complaints ---- */

enum { STALE, NESTED, BACK, GONE, SIDE, INSIDE, KINDS };

static const char * const klp_torture_kind[KINDS] = {
	"stale", "nested", "back", "gone", "side", "inside",
};

static atomic_t klp_torture_violations[KINDS];

#define KLP_TORTURE_COMPLAINTS	10

/* klp-torture has died: nobody tells any more which patches are enabled */
static bool klp_torture_stopped;

static void klp_torture_complain(int kind, const struct klp_torture_call *call,
				 const struct klp_torture_world *w)
{
	const struct klp_torture_frame *frame = &call->frame[call->depth - 1];
	const struct klp_torture_task *task = call->task;

	if (READ_ONCE(klp_torture_stopped) ||
	    atomic_inc_return(&klp_torture_violations[kind]) > KLP_TORTURE_COMPLAINTS)
		return;
	pr_err("WARNING: %s: %s:%d runs version %d of %c%s, depth %d, callers %llx of %llx; maps %llx %llx, present %x, goal %d, transition %u, leg %u\n",
	       klp_torture_kind[kind], current->comm, current->pid,
	       frame->version, 'a' + frame->func, frame->direct ? " directly" : "",
	       call->depth, frame->versions, frame->mask, w->map[0], w->map[1],
	       w->present, w->goal, w->transition, w->leg);
	if (task)
		pr_err("seen on side %u in leg %u%s, %u changes; patch_state %d, flags %x\n",
		       task->side, task->leg, task->arrived ? ", arrived" : "",
		       task->changes, READ_ONCE(current->patch_state), call->flags);
}

/* ---- questions ---- */

static void klp_torture_look(struct klp_torture_world *w, unsigned int *seq)
{
	do {
		*seq = read_seqbegin(&klp_torture_lock);
		*w = klp_torture_world;
	} while (read_seqretry(&klp_torture_lock, *seq));
}

static bool klp_torture_fits(u64 map, const struct klp_torture_frame *frame)
{
	return !((map ^ frame->versions) & frame->mask);
}

static u8 klp_torture_version(u64 map, int func)
{
	return map >> 8 * func;
}

/* Its version, and those of its callers */
static void klp_torture_check(const struct klp_torture_call *call,
			      const struct klp_torture_world *w)
{
	const struct klp_torture_frame *frame = &call->frame[call->depth - 1];

	if (!(w->present & BIT(frame->version)))
		klp_torture_complain(GONE, call, w);
	else if (klp_torture_fits(w->map[0], frame) || klp_torture_fits(w->map[1], frame))
		return;
	else if (!frame->direct &&
		 frame->version != klp_torture_version(w->map[0], frame->func) &&
		 frame->version != klp_torture_version(w->map[1], frame->func))
		klp_torture_complain(STALE, call, w);
	else
		klp_torture_complain(NESTED, call, w);
}

/* Which side it is on can be told where the two differ */
static void klp_torture_sided(const struct klp_torture_call *call,
			      const struct klp_torture_world *w, unsigned int side)
{
	struct klp_torture_task *task = call->task;

	if (task->transition != w->transition) {
		task->transition = w->transition;
		task->leg = w->leg;
		task->side = w->base;
		task->changes = 0;
		task->arrived = false;
	}
	if (task->side != side)
		task->changes++;
	if (task->changes > w->turns)
		klp_torture_complain(BACK, call, w);
	task->side = side;
	if (w->turning)
		return;
	if (task->leg != w->leg) {
		task->leg = w->leg;
		task->arrived = false;
	}
	if (side == w->goal)
		task->arrived = true;
	else if (task->arrived)
		klp_torture_complain(BACK, call, w);
}

static void klp_torture_begins(const struct klp_torture_call *call, bool alike)
{
	const struct klp_torture_frame *frame = &call->frame[call->depth - 1];
	struct klp_torture_world w;
	unsigned int seq;
	u8 version[2];
	int state;

	klp_torture_look(&w, &seq);
	klp_torture_check(call, &w);
	if (!alike)
		klp_torture_complain(NESTED, call, &w);
	if (!call->task || call->flags & KLP_TORTURE_EXITING)
		return;
	if (w.goal < 0) {
		state = READ_ONCE(current->patch_state);
		if (state != -1 && !read_seqretry(&klp_torture_lock, seq))
			klp_torture_complain(SIDE, call, &w);
		return;
	}
	version[0] = klp_torture_version(w.map[0], frame->func);
	version[1] = klp_torture_version(w.map[1], frame->func);
	if (frame->direct || version[0] == version[1])
		return;
	this_cpu_inc(klp_torture_differing);
	if (frame->version == version[0] || frame->version == version[1])
		klp_torture_sided(call, &w, frame->version == version[1]);
}

/* ---- what functions tell ---- */

/* Notes it among the callers; false if it is there already in another version */
static bool klp_torture_note(struct klp_torture_frame *frame)
{
	u64 byte = 0xffULL << 8 * frame->func;
	bool alike = !(frame->mask & byte) ||
		     klp_torture_version(frame->versions, frame->func) == frame->version;

	frame->mask |= byte;
	frame->versions &= ~byte;
	frame->versions |= (u64)frame->version << 8 * frame->func;
	return alike;
}

/* One begins.  Who was called directly says nothing about the side. */
void klp_torture_enter(struct klp_torture_call *call, int func, int version)
{
	struct klp_torture_frame *frame = &call->frame[call->depth];
	bool alike = true;

	if (!call->handed)
		atomic_inc(&klp_torture_inside[version]);
	*frame = (struct klp_torture_frame){
		.func = func, .version = version, .direct = call->direct,
	};
	if (call->depth++) {
		frame->mask = frame[-1].mask;
		frame->versions = frame[-1].versions;
	}
	if (!frame->direct)
		alike = klp_torture_note(frame);
	call->direct = false;
	call->handed = false;
	this_cpu_inc(klp_torture_calls);
	klp_torture_begins(call, alike);
}
EXPORT_SYMBOL_GPL(klp_torture_enter);

/* It goes on, after a while */
void klp_torture_again(const struct klp_torture_call *call)
{
	struct klp_torture_world w;
	unsigned int seq;

	klp_torture_look(&w, &seq);
	klp_torture_check(call, &w);
}
EXPORT_SYMBOL_GPL(klp_torture_again);

/* It ends; if @handed, with a jump to another function of its patch */
void klp_torture_end(struct klp_torture_call *call, bool handed)
{
	call->depth--;
	call->handed = handed;
	if (!handed)
		atomic_dec(&klp_torture_inside[call->frame[call->depth].version]);
}
EXPORT_SYMBOL_GPL(klp_torture_end);

/* A patch module goes: its text is about to be freed */
void klp_torture_bury(int version)
{
	int inside = atomic_read(&klp_torture_inside[version]);

	if (!inside)
		return;
	atomic_inc(&klp_torture_violations[INSIDE]);
	pr_err("WARNING: inside: %d tasks are in patch %d, whose module goes\n",
	       inside, version);
}
EXPORT_SYMBOL_GPL(klp_torture_bury);

/* ---- files ---- */

static int klp_torture_find(const struct klp_torture_patches *patches, unsigned int version)
{
	int i;

	for (i = 0; i < patches->nr; i++)
		if (patches->version[i] == version)
			return i;
	return -1;
}

static int klp_torture_enable(unsigned int version, unsigned int funcs, bool replace)
{
	struct klp_torture_patches *next = &klp_torture_patches[1];

	if (!version || version > KLP_TORTURE_PATCHES ||
	    klp_torture_find(next, version) >= 0 || next->nr == KLP_TORTURE_PATCHES)
		return -EINVAL;
	if (replace)
		next->nr = 0;
	next->version[next->nr] = version;
	next->funcs[next->nr++] = funcs;
	klp_torture_begin(1);
	return 0;
}

static int klp_torture_disable(unsigned int version)
{
	struct klp_torture_patches *next = &klp_torture_patches[0];
	int i = klp_torture_find(next, version);

	if (i < 0)
		return -EINVAL;
	for (next->nr--; i < next->nr; i++) {
		next->version[i] = next->version[i + 1];
		next->funcs[i] = next->funcs[i + 1];
	}
	klp_torture_begin(0);
	return 0;
}

static int klp_torture_turn(bool turning)
{
	struct klp_torture_world *w = &klp_torture_world;

	w->turning = turning;
	if (turning) {
		w->turns++;
		return 0;
	}
	w->goal = !w->goal;
	w->leg++;
	return 0;
}

static int klp_torture_done(unsigned int side)
{
	if (side > 1)
		return -EINVAL;
	klp_torture_patches[!side] = klp_torture_patches[side];
	klp_torture_world.goal = -1;
	klp_torture_world.turning = false;
	klp_torture_publish();
	return 0;
}

static int klp_torture_command(const char *text)
{
	unsigned int version, funcs, replace;

	if (sscanf(text, "enable %u %x %u", &version, &funcs, &replace) == 3)
		return klp_torture_enable(version, funcs, replace);
	if (sscanf(text, "disable %u", &version) == 1)
		return klp_torture_disable(version);
	if (sscanf(text, "done %u", &version) == 1)
		return klp_torture_done(version);
	if (sysfs_streq(text, "turn"))
		return klp_torture_turn(true);
	if (sysfs_streq(text, "turned"))
		return klp_torture_turn(false);
	if (!sysfs_streq(text, "stop"))
		return -EINVAL;
	WRITE_ONCE(klp_torture_stopped, true);
	return 0;
}

static int klp_torture_order(const char *text)
{
	int ret;

	write_seqlock_irq(&klp_torture_lock);
	ret = klp_torture_command(text);
	write_sequnlock_irq(&klp_torture_lock);
	return ret;
}

static ssize_t klp_torture_control_write(struct file *file, const char __user *buf,
					 size_t len, loff_t *ppos)
{
	char text[32] = "";

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	return klp_torture_order(text) ?: len;
}

static unsigned long klp_torture_sum(unsigned long __percpu *counter)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(counter, cpu);
	return sum;
}

static ssize_t klp_torture_control_read(struct file *file, char __user *buf,
					size_t len, loff_t *ppos)
{
	char text[256];
	int n, i;

	n = scnprintf(text, sizeof(text), "calls %lu\ndiffering %lu\n",
		      klp_torture_sum(&klp_torture_calls),
		      klp_torture_sum(&klp_torture_differing));
	for (i = 0; i < KINDS; i++)
		n += scnprintf(text + n, sizeof(text) - n, "%s %d\n", klp_torture_kind[i],
			       atomic_read(&klp_torture_violations[i]));
	return simple_read_from_buffer(buf, len, ppos, text, n);
}

static const struct file_operations klp_torture_control_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = klp_torture_control_write,
	.read = klp_torture_control_read,
};

struct dentry *klp_torture_dir;
EXPORT_SYMBOL_GPL(klp_torture_dir);

static int __init klp_torture_init(void)
{
	klp_torture_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("control", 0600, klp_torture_dir, NULL,
			    &klp_torture_control_fops);
	return 0;
}

static void __exit klp_torture_exit(void)
{
	debugfs_remove(klp_torture_dir);
}

module_init(klp_torture_init);
module_exit(klp_torture_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: does everybody run what he should?");
