// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where: owns sites, site sets and the handler.  The only file that knows ftrace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <trace/events/livepatch.h>

#include "live.h"
#include "site.h"
#include "stack.h"

/**
 * DOC: Sites
 *
 * A *site* is the entry of one patched function.  It keeps two things: the stack
 * of live functions that patches brought for it (the control side, under
 * klp_mutex), and, derived from those, what each side runs (``target``, which is
 * all that the handler reads).  Where both targets are equal, which is everywhere
 * outside of a transition, it does not matter which side a task is on.
 *
 * The sites that an object needs and nobody has yet form a *site set*: an
 * immutable hash table and one ftrace_ops, registered once.  So a set of any size
 * costs one pass over the kernel's text and, when it goes, one grace period.  A
 * set never spans target modules, and goes with its module.
 *
 * A live filter is never grown: ftrace asks BPF trampolines to make room for a
 * redirecting ops only while that ops is being registered, so a BPF program that
 * was attached to a function added later would go on calling the original.
 * Shrinking needs no such step.
 *
 * A site that no live function needs any more is idle: its targets are 0.  Idle
 * sites leave by klp_sites_drop_idle(), which a worker calls without klp_mutex
 * because ftrace waits for grace periods.  Until then a new patch finds the site
 * and uses it again.
 *
 * klp_sites_mutex is held by whoever registers, unregisters or shrinks a set or
 * changes its jumps, for as long as that takes; it is taken before klp_mutex.  The
 * list of sets and the @funcs of a site change only under klp_mutex.
 */

/**
 * DOC: Settled jumps
 *
 * Where both sides of a site run the same replacement, its entry need not ask: the
 * site *settles*, and its entry is a jump there, where ftrace knows how to write
 * one (CONFIG_DYNAMIC_FTRACE_WITH_JMP).  Should a tracer, a kprobe, a direct caller
 * or a BPF program be attached to the function too, then ftrace calls the handler
 * as ever, for as long as that stays, and nobody here has to know.
 *
 * Settling is an offer to ftrace (&klp_site.jump), made some time after a
 * transition by klp_sites_settle().  It may fail; the call stays, and is right.  A
 * site whose sides are about to differ takes its offer back first, by
 * klp_sites_unsettle().  That needs no memory, and fails only if ftrace is dead: then
 * the transition is refused, with nothing changed, since calls would go on to
 * jump.  A transition that turns around finds calls.
 *
 * Why this needs no synchronization of its own:
 *
 * * Who takes a jump runs what the handler would have chosen for him, whatever
 *   his side: the sides are equal from before the offer is made until after it has
 *   been taken back.
 * * An offer is noted under klp_mutex before ftrace hears of it, and struck out
 *   when ftrace is done.  A transition begins under klp_mutex too, so it meets
 *   either a site without an offer, which cannot settle any more since its
 *   sides differ by then, or one that has it.  In the latter case it takes
 *   klp_sites_mutex, and thereby waits for whoever is writing the jump.
 * * ftrace returns when every CPU runs the new code.  Whoever comes to the entry
 *   later calls the handler, which reads the targets; the phases order those as
 *   ever.  Whoever took the jump before is in the replacement, if only at its
 *   first byte, and so has it on his stack, where the ranges of the transition
 *   find it.  (Where a task in the trampoline is still on its way, a jump leaves
 *   nothing to be found by: it is one instruction.)
 * * A replacement stays while its address is offered.  Its patch cannot go without
 *   a transition in which the sides differ wherever the replacement was what both
 *   ran.
 */

/**
 * struct klp_site_set - sites that are registered together
 * @ops:	calls klp_site_handler() for each
 * @node:	its place in klp_sets
 * @mod:	the module whose functions these are; NULL for vmlinux
 * @nr:		number of sites
 * @bits:	log2 of the number of slots
 * @slot:	open-addressed hash table of the sites, by @ip, at most half full
 */
struct klp_site_set {
	struct ftrace_ops ops;
	struct list_head node;
	struct module *mod;
	unsigned int nr;
	unsigned int bits;
	struct klp_site slot[];
};

/* Held while sets are registered, shrunk or dropped; taken before klp_mutex */
DEFINE_MUTEX(klp_sites_mutex);
static LIST_HEAD(klp_sets);	/* changed under both mutexes, read under either */

/* The side of tasks that have none: those that no walk of the task list meets */
static int klp_side_base = KLP_TRANSITION_UNPATCHED;

static struct klp_site *klp_set_next(struct klp_site_set *set,
				     struct klp_site *site)
{
	for (site = site ? site + 1 : set->slot;
	     site < set->slot + BIT(set->bits); site++)
		if (site->ip)
			return site;
	return NULL;
}

#define klp_set_for_each_site(set, site)				\
	for (site = klp_set_next(set, NULL); site;			\
	     site = klp_set_next(set, site))

/* ---- the handler ---- */

static __always_inline struct klp_site *klp_set_slot(struct klp_site_set *set,
						     unsigned long ip)
{
	unsigned long mask = BIT(set->bits) - 1;
	unsigned long i = hash_long(ip, set->bits);

	while (set->slot[i].ip && set->slot[i].ip != ip)
		i = (i + 1) & mask;
	return &set->slot[i];
}

static __always_inline int klp_side(struct task_struct *task)
{
	int side = READ_ONCE(task->patch_state);

	return likely(side != KLP_TRANSITION_IDLE) ? side :
						     READ_ONCE(klp_side_base);
}

/**
 * klp_site_handler() - send a call to what the caller's side runs
 * @ip:		ftrace location of the called function
 * @parent_ip:	unused
 * @ops:	of the set that has the site
 * @fregs:	where to change the address to go on at
 *
 * Interrupts use the side of the task that they interrupted.  Nothing in here may
 * be refused or skipped, or the call would run the wrong code: hence no recursion
 * lock, and no question whether RCU is watching.  Preemption is off from the
 * choice of the side to that of the target, which is what klp_synchronize()
 * waits for.
 *
 * Context: Any, including NMI and where RCU is not watching.
 */
static void notrace klp_site_handler(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	struct klp_site_set *set = container_of(ops, struct klp_site_set, ops);
	unsigned long target;
	struct klp_site *site;

	preempt_disable_notrace();
	site = klp_set_slot(set, ip);
	target = READ_ONCE(site->target[klp_side(current)]);
	if (target)
		ftrace_regs_set_instruction_pointer(fregs, target);
	preempt_enable_notrace();
}

/* ---- what runs where ---- */

/**
 * klp_funcs_target() - which of the functions of a site runs on a side
 * @funcs:	&klp_live_func, newest first
 * @side:	the side
 *
 * Return: the entry of the newest whose patch is on that side, or 0 for the
 * original code.
 */
unsigned long klp_funcs_target(const struct list_head *funcs, int side)
{
	struct klp_live_func *func;

	list_for_each_entry(func, funcs, node)
		if (func->object->patch->sides & BIT(side))
			return func->new_code.start;
	return 0;
}

/* By the sides of the patches, whether they are published yet or not */
static bool klp_site_differs(const struct klp_site *site)
{
	return klp_funcs_target(&site->funcs, KLP_TRANSITION_UNPATCHED) !=
	       klp_funcs_target(&site->funcs, KLP_TRANSITION_PATCHED);
}

static void klp_site_publish(struct klp_site *site)
{
	int side;

	for (side = KLP_TRANSITION_UNPATCHED; side <= KLP_TRANSITION_PATCHED; side++)
		WRITE_ONCE(site->target[side],
			   klp_funcs_target(&site->funcs, side));
}

/* Let every site run what the sides of the patches say */
void klp_sites_publish(void)
{
	struct klp_site_set *set;
	struct klp_site *site;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(set, &klp_sets, node)
		klp_set_for_each_site(set, site)
			klp_site_publish(site);
}

void klp_sites_publish_object(struct klp_live_object *obj)
{
	struct klp_live_func *func;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_func(obj, func)
		if (func->site)
			klp_site_publish(func->site);
}

/* Only while the targets are equal and every handler knows it */
void klp_sites_base(int side)
{
	lockdep_assert_held(&klp_mutex);
	WRITE_ONCE(klp_side_base, side);
}

/**
 * klp_func_ranges() - collect where a task that runs a new function may stand
 * @ranges:	where to
 * @func:	what replaces another function
 *
 * A task that was preempted between the handler's choice and the jump to it shows on
 * its stack nothing but the return address of the entry call.
 */
void klp_func_ranges(struct klp_ranges *ranges,
		     const struct klp_live_func *func)
{
	klp_ranges_add_code(ranges, &func->new_code);
	if (func->ip)
		klp_ranges_add(ranges, func->ip, MCOUNT_INSN_SIZE);
}

/* The code that a task leaves by moving off @side, at one site */
static void klp_site_ranges(struct klp_ranges *ranges,
			    const struct klp_site *site, int side)
{
	unsigned long target = klp_funcs_target(&site->funcs, side);
	struct klp_live_func *func;

	list_for_each_entry(func, &site->funcs, node) {
		if (!target)
			klp_ranges_add_code(ranges, &func->old_code);
		else if (func->new_code.start == target)
			klp_func_ranges(ranges, func);
	}
}

/**
 * klp_sites_ranges() - collect what a side runs where the two sides differ
 * @ranges:	where to
 * @side:	the side
 *
 * Goes by the sides of the patches, whether they are published yet or not.
 */
void klp_sites_ranges(struct klp_ranges *ranges, int side)
{
	struct klp_site_set *set;
	struct klp_site *site;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(set, &klp_sets, node)
		klp_set_for_each_site(set, site)
			if (klp_site_differs(site))
				klp_site_ranges(ranges, site, side);
}

/* ---- site sets ---- */

/* As ftrace_location(), which has to look for the function's size first */
unsigned long klp_location_find(unsigned long addr, unsigned long size)
{
	return ftrace_location_range(addr, addr + size - 1);
}

/* Does somebody else redirect the function? */
bool klp_location_taken(unsigned long ip)
{
	unsigned long func = ftrace_ipmodify_func(ip);

	return func && func != (unsigned long)klp_site_handler;
}

/* May anything be redirected that is not redirected yet? */
bool klp_location_possible(void)
{
	return READ_ONCE(ftrace_enabled);
}

static struct klp_site *klp_site_find(const struct module *mod,
				      unsigned long ip)
{
	struct klp_site_set *set;
	struct klp_site *site;

	list_for_each_entry(set, &klp_sets, node) {
		if (set->mod != mod)
			continue;
		site = klp_set_slot(set, ip);
		if (site->ip && !site->gone)
			return site;
	}
	return NULL;
}

/**
 * klp_sites_preview() - collect what tasks would leave that now call a function
 * @ranges:	where to
 * @func:	a function that is to be replaced; it has no place yet
 */
void klp_sites_preview(struct klp_ranges *ranges,
		       const struct klp_live_func *func)
{
	const struct klp_site *site;

	lockdep_assert_held(&klp_mutex);
	site = klp_site_find(func->object->decl->mod, func->ip);
	if (site && klp_funcs_target(&site->funcs, KLP_TRANSITION_PATCHED))
		klp_site_ranges(ranges, site, KLP_TRANSITION_PATCHED);
	else
		klp_ranges_add_code(ranges, &func->old_code);
}

static struct klp_site_set *klp_set_alloc(struct module *mod, unsigned int max)
{
	unsigned int bits = order_base_2(max) + 1;
	struct klp_site_set *set;

	set = kvzalloc(struct_size(set, slot, BIT(bits)), GFP_KERNEL);
	if (!set)
		return NULL;
	set->mod = mod;
	set->bits = bits;
	set->ops.func = klp_site_handler;
	set->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	if (!IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))
		set->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	return set;
}

static void klp_set_free(struct klp_site_set *set)
{
	ftrace_free_filter(&set->ops);
	kvfree(set);
}

/* An alias of a function that is in already finds its slot taken, by itself */
static void klp_set_insert(struct klp_site_set *set, unsigned long ip)
{
	struct klp_site *site = klp_set_slot(set, ip);

	if (site->ip)
		return;
	site->ip = ip;
	site->set = set;
	INIT_LIST_HEAD(&site->funcs);
	set->nr++;
}

/* All sites go into the filter */
static int klp_set_filter(struct klp_site_set *set)
{
	struct klp_site *site;
	unsigned int nr = 0;
	unsigned long *ips;
	int ret;

	ips = kvmalloc_array(set->nr, sizeof(*ips), GFP_KERNEL);
	if (!ips)
		return -ENOMEM;
	klp_set_for_each_site(set, site)
		ips[nr++] = site->ip;
	ret = ftrace_set_filter_ips(&set->ops, ips, nr, 0, 1);
	kvfree(ips);
	return ret;
}

static const char *klp_set_first(const struct klp_live_object *obj,
				 const struct klp_site_set *set)
{
	const struct klp_live_func *func;

	klp_for_each_func(obj, func)
		if (func->site->set == set)
			return func->decl->old_name;
	return NULL;
}

/*
 * Registration is all or nothing and does not say who is to blame.  Of the
 * functions that the set would have redirected, name the one that somebody else
 * redirects already; if there is none, it is not a matter of one function.
 */
static const char *klp_set_culprit(const struct klp_live_object *obj,
				   const struct klp_site_set *set)
{
	const struct klp_live_func *func;

	klp_for_each_func(obj, func)
		if (func->site->set == set && ftrace_ipmodify_func(func->ip))
			return func->decl->old_name;
	return klp_set_first(obj, set);
}

static const char *klp_set_object(const struct klp_site_set *set)
{
	return set->mod ? set->mod->name : "vmlinux";
}

/* A BPF trampoline that is being changed right now asks to come again */
#define KLP_REGISTER_TRIES	20

static int klp_set_register(struct klp_site_set *set)
{
	int tries = KLP_REGISTER_TRIES;
	int ret;

	do {
		ret = register_ftrace_function(&set->ops);
	} while (ret == -EAGAIN && --tries && (usleep_range(1000, 2000), true));
	if (!ret)
		trace_klp_set_registered(klp_set_object(set), set->nr);
	return ret;
}

/**
 * klp_sites_attach() - give every function of an object its place on a site
 * @obj:	the object, resolved; none of its functions has a place
 *
 * Where a function has no site yet, one is made in a new set.  Nothing runs
 * differently until klp_sites_connect().
 *
 * Context: Process context.  Expects klp_sites_mutex and klp_mutex held.
 * Return: the new set, NULL if none is needed, or ERR_PTR(-ENOMEM).
 */
struct klp_site_set *klp_sites_attach(struct klp_live_object *obj)
{
	struct module *mod = obj->decl->mod;
	struct klp_site_set *set = NULL;
	struct klp_live_func *func;
	unsigned int missing = 0;

	lockdep_assert_held(&klp_sites_mutex);
	lockdep_assert_held(&klp_mutex);

	klp_for_each_func(obj, func)
		if (!klp_site_find(mod, func->ip))
			missing++;
	if (missing) {
		set = klp_set_alloc(mod, missing);
		if (!set)
			return ERR_PTR(-ENOMEM);
		klp_for_each_func(obj, func)
			if (!klp_site_find(mod, func->ip))
				klp_set_insert(set, func->ip);
		list_add_tail(&set->node, &klp_sets);
	}

	klp_for_each_func(obj, func) {
		func->site = klp_site_find(mod, func->ip);
		list_add(&func->node, &func->site->funcs);
	}
	return set;
}

/* With ftrace dead, calls may go anywhere, whatever their sites say */
static bool klp_sites_dead(const struct klp_live_object *obj,
			   const struct klp_site_set *set)
{
	const struct klp_live_func *func;

	klp_for_each_func(obj, func)
		if (func->site->set != set)
			return ftrace_ipmodify_func(func->ip) !=
			       (unsigned long)klp_site_handler;
	return false;
}

/**
 * klp_sites_connect() - let calls of an object's functions go where they should
 * @obj:	the object, attached
 * @set:	the set made for it, or NULL
 *
 * Context: Process context.  Expects klp_sites_mutex and klp_mutex held.
 * Return: 0; -EBUSY if somebody else redirects one of the functions or
 * kernel.ftrace_enabled is 0; -EAGAIN if a BPF trampoline stays busy; -ENODEV if
 * ftrace is dead; -ENOMEM.
 */
int klp_sites_connect(struct klp_live_object *obj, struct klp_site_set *set)
{
	int ret;

	lockdep_assert_held(&klp_sites_mutex);
	if (klp_sites_dead(obj, set))
		return -ENODEV;

	klp_sites_publish_object(obj);
	if (!set)
		return 0;

	ret = klp_set_filter(set);
	if (ret) {
		pr_err("failed to set ftrace filter for function '%s' (%d)\n",
		       klp_set_first(obj, set), ret);
		return ret;
	}
	ret = klp_set_register(set);
	if (ret)
		pr_err("failed to register ftrace handler for function '%s' (%d)\n",
		       klp_set_culprit(obj, set), ret);
	return ret;
}

/* The functions of an object give up their places.  Needs no memory. */
void klp_sites_detach(struct klp_live_object *obj)
{
	struct klp_live_func *func;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_func(obj, func) {
		if (!func->site)
			continue;
		list_del(&func->node);
		klp_site_publish(func->site);
		func->site = NULL;
	}
}

/*
 * A set that could not be registered.  ftrace had it in its list for a moment, and
 * takes it out without waiting for those who walk the list, with preemption off:
 * every CPU must have scheduled since.  If ftrace died over the attempt it left it
 * there, and calls may come: then the set stays for ever.
 */
void klp_sites_discard(struct klp_site_set *set)
{
	lockdep_assert_held(&klp_mutex);
	if (!set)
		return;
	list_del(&set->node);
	if (!(set->ops.flags & FTRACE_OPS_FL_ENABLED))
		klp_set_free(set);
}

/* ---- settled jumps ---- */

/* What a site runs for everybody; 0 if that is the original, or there is no such */
static unsigned long klp_site_settled(const struct klp_site *site)
{
	return klp_site_differs(site) ? 0 :
	       klp_funcs_target(&site->funcs, KLP_TRANSITION_PATCHED);
}

/* Does it jump where not everybody should go? */
static bool klp_site_must_call(const struct klp_site *site)
{
	return site->jump && site->jump != klp_site_settled(site);
}

static unsigned long klp_site_jump(struct ftrace_ops *ops, unsigned long ip)
{
	struct klp_site_set *set = container_of(ops, struct klp_site_set, ops);

	return klp_set_slot(set, ip)->jump;
}

static unsigned long klp_site_jump_if_settled(struct ftrace_ops *ops,
					      unsigned long ip)
{
	struct klp_site_set *set = container_of(ops, struct klp_site_set, ops);
	struct klp_site *site = klp_set_slot(set, ip);

	return klp_site_must_call(site) ? 0 : site->jump;
}

static bool klp_set_must_call(struct klp_site_set *set)
{
	struct klp_site *site;

	klp_set_for_each_site(set, site)
		if (klp_site_must_call(site))
			return true;
	return false;
}

/**
 * klp_sites_must_call() - is klp_sites_unsettle() needed?
 *
 * Goes by the sides of the patches, whether they are published yet or not.
 *
 * Context: Expects klp_mutex held.
 * Return: true if a site jumps, or may be about to, where not everybody should go.
 */
bool klp_sites_must_call(void)
{
	struct klp_site_set *set;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(set, &klp_sets, node)
		if (klp_set_must_call(set))
			return true;
	return false;
}

static int klp_set_unsettle(struct klp_site_set *set)
{
	struct klp_site *site;
	int ret;

	ret = ftrace_update_jumps(&set->ops, klp_site_jump_if_settled);
	if (ret)
		return ret;
	klp_set_for_each_site(set, site)
		if (klp_site_must_call(site))
			site->jump = 0;
	return 0;
}

/**
 * klp_sites_unsettle() - let the sites whose sides differ call the handler
 *
 * By the sides of the patches; before these are published, or before anybody moves.
 *
 * Context: Process context.  Expects klp_sites_mutex and klp_mutex held.
 * Return: 0, or -ENODEV if ftrace is dead: then some of them go on to jump.
 */
int klp_sites_unsettle(void)
{
	struct klp_site_set *set;
	int ret;

	lockdep_assert_held(&klp_sites_mutex);
	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(set, &klp_sets, node) {
		if (!klp_set_must_call(set))
			continue;
		ret = klp_set_unsettle(set);
		if (ret)
			return ret;
	}
	return 0;
}

/* Tells ftrace what it knows already: what it is told when dead, it cannot take back */
static bool klp_set_is_alive(struct klp_site_set *set)
{
	return !ftrace_update_jumps(&set->ops, klp_site_jump);
}

/* Notes what can be offered.  If ftrace dies next, nobody knows what was written. */
static bool klp_set_offer(struct klp_site_set *set)
{
	struct klp_site *site;
	bool offered = false;

	guard(klp_mutex)();
	klp_set_for_each_site(set, site) {
		if (site->jump || site->gone)
			continue;
		site->jump = klp_site_settled(site);
		offered |= site->jump;
	}
	return offered;
}

/**
 * klp_sites_settle() - let sites jump that everybody leaves for the same place
 *
 * Does so for one set, for others to get in between.
 *
 * Context: Process context, with no lock held.  Takes klp_sites_mutex throughout,
 * klp_mutex only to look.
 * Return: true if it is worth another call.
 */
bool klp_sites_settle(void)
{
	struct klp_site_set *set;

	guard(mutex)(&klp_sites_mutex);
	list_for_each_entry(set, &klp_sets, node) {
		if (klp_set_is_alive(set) && klp_set_offer(set)) {
			ftrace_update_jumps(&set->ops, klp_site_jump);
			return true;
		}
	}
	return false;
}

/* ---- the way out ---- */

/*
 * Unregistering waits until no handler runs and no task is in the trampoline, so
 * the set can be freed right after.  With ftrace dead it fails: calls still come,
 * and the set stays where it is.
 */
static bool klp_set_drop(struct klp_site_set *set)
{
	if (unregister_ftrace_function(&set->ops))
		return false;
	trace_klp_set_dropped(klp_set_object(set), set->nr);
	scoped_guard(klp_mutex)
		list_del(&set->node);
	klp_set_free(set);
	return true;
}

static bool klp_set_is_idle(struct klp_site_set *set)
{
	struct klp_site *site;

	lockdep_assert_held(&klp_mutex);
	klp_set_for_each_site(set, site)
		if (!list_empty(&site->funcs))
			return false;
	return true;
}

static struct klp_site_set *klp_set_find_idle(void)
{
	struct klp_site_set *set;

	guard(klp_mutex)();
	list_for_each_entry(set, &klp_sets, node)
		if (klp_set_is_idle(set))
			return set;
	return NULL;
}

static unsigned int klp_set_idle_ips(struct klp_site_set *set,
				     unsigned long *ips)
{
	struct klp_site *site;
	unsigned int nr = 0;

	guard(klp_mutex)();
	klp_set_for_each_site(set, site)
		if (list_empty(&site->funcs) && !site->gone)
			ips[nr++] = site->ip;
	return nr;
}

static void klp_set_mark_gone(struct klp_site_set *set,
			      const unsigned long *ips, unsigned int nr)
{
	guard(klp_mutex)();
	while (nr--)
		klp_set_slot(set, ips[nr])->gone = true;
}

/*
 * Takes the idle sites of a set that is still needed out of its filter.  Where
 * that fails they stay idle, and cost a little.  Their slots stay in any case:
 * a call may be on its way.
 */
static int klp_set_shrink(struct klp_site_set *set)
{
	unsigned long *ips;
	unsigned int nr;
	int ret = 0;

	ips = kvmalloc_array(set->nr, sizeof(*ips), GFP_KERNEL);
	if (!ips)
		return -ENOMEM;
	nr = klp_set_idle_ips(set, ips);
	if (nr)
		ret = ftrace_set_filter_ips(&set->ops, ips, nr, 1, 0);
	if (!ret)
		klp_set_mark_gone(set, ips, nr);
	kvfree(ips);
	return ret;
}

static bool klp_sites_drop_set(void)
{
	struct klp_site_set *set;

	guard(mutex)(&klp_sites_mutex);
	set = klp_set_find_idle();
	return set && klp_set_drop(set);
}

/**
 * klp_sites_drop_idle() - drop the sites and sets that nothing needs any more
 *
 * Context: Process context, with no lock held.  Takes klp_sites_mutex for one set
 * at a time, klp_mutex only to look.  Waits for grace periods.
 * Return: 0; or, where idle sites had to stay, why: -ENOMEM is worth another call,
 * later.
 */
int klp_sites_drop_idle(void)
{
	struct klp_site_set *set;
	int ret = 0;

	while (klp_sites_drop_set())
		cond_resched();

	guard(mutex)(&klp_sites_mutex);
	list_for_each_entry(set, &klp_sets, node)
		ret = klp_set_shrink(set) ?: ret;
	return ret;
}

/**
 * klp_sites_drop_module() - drop the sets of a module that goes
 * @mod:	the module; none of its sites is in use
 *
 * Before ftrace forgets the module's locations: a filter must not hold addresses
 * that another module may get.  With ftrace dead a set cannot be freed.
 *
 * Context: Process context.  Expects klp_sites_mutex held, and not klp_mutex.
 * Waits for grace periods.
 */
void klp_sites_drop_module(struct module *mod)
{
	struct klp_site_set *set, *next;
	int dead;

	lockdep_assert_held(&klp_sites_mutex);
	list_for_each_entry_safe(set, next, &klp_sets, node) {
		if (set->mod != mod)
			continue;
		dead = unregister_ftrace_function(&set->ops);
		scoped_guard(klp_mutex)
			list_del(&set->node);
		if (dead)
			continue;
		trace_klp_set_dropped(klp_set_object(set), set->nr);
		klp_set_free(set);
	}
}

/* Is there a set for functions of this module, if only one that is being dropped? */
bool klp_sites_has_module(const struct module *mod)
{
	struct klp_site_set *set;

	lockdep_assert_held(&klp_mutex);
	list_for_each_entry(set, &klp_sets, node)
		if (set->mod == mod)
			return true;
	return false;
}
