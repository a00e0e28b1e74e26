// SPDX-License-Identifier: GPL-2.0
/*
 * Makes narrow windows wide: puts kprobes on instructions, chosen at random, of the
 * core and of what it hooks, and lets those who come by wait there for a while.
 *
 * A kprobe may be on any instruction, also where nothing can be traced; an offset
 * that is in the middle of one is refused, and another tried.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/clock.h>

#include "klp_torture.h"

static unsigned int max_us = 20000;
module_param(max_us, uint, 0644);
MODULE_PARM_DESC(max_us, "the longest delay");

static unsigned int share = 10;
module_param(share, uint, 0644);
MODULE_PARM_DESC(share, "one part of so many of the time may be delays");

static unsigned int move_ms = 50;
module_param(move_ms, uint, 0644);
MODULE_PARM_DESC(move_ms, "how long a probe stays");

static unsigned long placed;
module_param(placed, ulong, 0444);
MODULE_PARM_DESC(placed, "number of probes so far");

static unsigned long refused;
module_param(refused, ulong, 0444);
MODULE_PARM_DESC(refused, "number of places where there can be no probe");

static atomic_t delays_made;

static int klp_torture_delays_get(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%d\n", atomic_read(&delays_made));
}

static const struct kernel_param_ops klp_torture_delays_ops = {
	.get = klp_torture_delays_get,
};

module_param_cb(delays, &klp_torture_delays_ops, NULL, 0444);
MODULE_PARM_DESC(delays, "number of delays so far");

static char *only;
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "probe this function and no other");

/* How many bytes of a function to try */
#define KLP_TORTURE_BYTES	400

static const char * const klp_torture_places[] = {
	/* often: it has the narrowest windows */
	"klp_site_handler", "klp_site_handler", "klp_site_handler",
	"klp_site_handler", "klp_site_handler", "klp_site_handler",
	"klp_copy_process", "klp_copy_process",
	"klp_update_patch_state", "klp_task_try", "klp_task_try_call",
	"klp_try_switch_task", "klp_try_switch_idle", "__klp_sched_try_switch",
	"klp_task_mark", "klp_task_unmark", "klp_task_clear", "klp_pending_drop",
	"klp_stack_check", "klp_stack_frame", "klp_ranges_hit",
	"klp_transition_prepare", "klp_transition_cover", "klp_transition_fork",
	"klp_transition_move", "klp_transition_reverse", "klp_transition_merge",
	"klp_transition_end", "klp_done_work", "klp_transition_complete",
	"klp_sites_publish", "klp_sites_publish_object", "klp_sites_attach",
	"klp_sites_detach", "klp_sites_drop_idle", "klp_sites_settle",
	"klp_sites_unsettle", "klp_patch_toggle", "klp_patch_release_work",
	"klp_exit_begin", "klp_exit_end", "exit_notify", "release_task",
	"copy_process", "begin_new_exec", "finish_task_switch",
};

/* As klp_torture_random(), but of one's own: its users may be probed, too */
static u32 klp_torture_next(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static DEFINE_PER_CPU(u32, klp_torture_state);
static DEFINE_PER_CPU(u64, klp_torture_not_before);

/* Time is shared out: the machine has to do something else as well */
static int notrace klp_torture_hit(struct kprobe *probe, struct pt_regs *regs)
{
	u64 now = local_clock(), *not_before, delay, end;
	u32 random;

	not_before = this_cpu_ptr(&klp_torture_not_before);
	random = klp_torture_next(this_cpu_ptr(&klp_torture_state));
	if (now < *not_before || random & 3)
		return 0;
	delay = (u64)((random >> 8) % (max_us + 1)) * NSEC_PER_USEC;
	end = now + delay;
	while (local_clock() < end)
		cpu_relax();
	*not_before = end + delay * share;
	atomic_inc(&delays_made);
	return 0;
}

NOKPROBE_SYMBOL(klp_torture_hit);

#define KLP_TORTURE_PROBES	4

static struct kprobe klp_torture_probe[KLP_TORTURE_PROBES];
static bool klp_torture_set[KLP_TORTURE_PROBES];

static void klp_torture_place(int nr, u32 *random)
{
	struct kprobe *probe = &klp_torture_probe[nr];
	int tries = 50;
	const char *name;

	name = only ?: klp_torture_places[klp_torture_next(random) %
					  ARRAY_SIZE(klp_torture_places)];
	while (!klp_torture_set[nr] && tries--) {
		*probe = (struct kprobe){
			.symbol_name = name,
			.offset = klp_torture_next(random) % KLP_TORTURE_BYTES >>
				  klp_torture_next(random) % 4,
			.pre_handler = klp_torture_hit,
		};
		klp_torture_set[nr] = !register_kprobe(probe);
		if (!klp_torture_set[nr])
			refused++;
	}
	if (klp_torture_set[nr])
		placed++;
}

static void klp_torture_unplace(int nr)
{
	if (klp_torture_set[nr])
		unregister_kprobe(&klp_torture_probe[nr]);
	klp_torture_set[nr] = false;
}

static int klp_torture_delay_loop(void *unused)
{
	u32 random = klp_torture_seed();
	int nr = 0;

	while (!kthread_should_stop()) {
		klp_torture_unplace(nr);
		klp_torture_place(nr, &random);
		nr = (nr + 1) % KLP_TORTURE_PROBES;
		schedule_timeout_interruptible(msecs_to_jiffies(move_ms) ?: 1);
	}
	for (nr = 0; nr < KLP_TORTURE_PROBES; nr++)
		klp_torture_unplace(nr);
	return 0;
}

static struct task_struct *klp_torture_delay_task;

static int __init klp_torture_delay_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(klp_torture_state, cpu) = klp_torture_seed();
	klp_torture_delay_task = kthread_run(klp_torture_delay_loop, NULL,
					     "klp_torture/delay");
	return PTR_ERR_OR_ZERO(klp_torture_delay_task);
}

static void __exit klp_torture_delay_exit(void)
{
	kthread_stop(klp_torture_delay_task);
}

module_init(klp_torture_delay_init);
module_exit(klp_torture_delay_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch torture: delays");
