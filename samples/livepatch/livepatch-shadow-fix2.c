// SPDX-License-Identifier: GPL-2.0
/*
 * A shadow variable on first use: count something from now on.
 *
 * livepatch-shadow-mod.c lets one guess for ever.  Here each session gets a
 * counter with its first guess, whether it was made before the patch came or
 * after.  Goes with livepatch-shadow-fix1.c, in either order, or without it.
 *
 *	# insmod livepatch-shadow-mod.ko
 *	# exec 3>/proc/livepatch-shadow
 *	# echo 1 >&3
 *	bash: echo: write error: Invalid argument
 *	# insmod livepatch-shadow-fix2.ko
 *	# for n in 1 2 3 4; do echo $n >&3; done
 *	bash: echo: write error: Invalid argument
 *	bash: echo: write error: Invalid argument
 *	bash: echo: write error: Invalid argument
 *	bash: echo: write error: Permission denied
 *	# exec 3>&-
 *	# dmesg | tail -1
 *	livepatch_shadow_fix2: goodbye, bash, after 4 guesses
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#define SESSION_GUESSES	2	/* the variable: atomic_t; starts at 0, needs no constructor */
#define GUESSES		3

/* As in the module that we patch. */
struct session {
	const char *name;
	int number;
};

static int fixed_session_guess(struct session *session, int guess)
{
	atomic_t *guesses;

	guesses = klp_shadow_get_or_alloc(session, SESSION_GUESSES, sizeof(*guesses), GFP_KERNEL,
					  NULL, NULL);
	if (!guesses)
		return -ENOMEM;
	if (atomic_inc_return(guesses) > GUESSES)
		return -EACCES;
	return guess == session->number ? 0 : -EINVAL;
}

/*
 * The session is about to go, and the variable has to go first.  A task that has
 * not got the patch yet leaves it behind, and so the next session at that address
 * may begin with some guesses made.  Where that matters, see to it where objects
 * are made, as livepatch-shadow-fix1.c does.
 */
static void fixed_session_say_goodbye(struct session *session)
{
	atomic_t *guesses = klp_shadow_get(session, SESSION_GUESSES);

	pr_info("goodbye, %s, after %d guesses\n", session->name,
		guesses ? atomic_read(guesses) : 0);
	klp_shadow_free(session, SESSION_GUESSES, NULL);
}

/* Nobody runs the functions above any more: sessions that still live lose their counters. */
static void forget_guesses(struct klp_object *obj)
{
	klp_shadow_free_all(SESSION_GUESSES, NULL);
}

static struct klp_func session_funcs[] = {
	{ .old_name = "session_guess", .new_func = fixed_session_guess },
	{ .old_name = "session_say_goodbye", .new_func = fixed_session_say_goodbye },
	{ }
};

static struct klp_object shadow_objects[] = {
	{
		.name = "livepatch_shadow_mod",
		.funcs = session_funcs,
		.callbacks = { .post_unpatch = forget_guesses },
	},
	{ }
};

static struct klp_patch shadow_patch = {
	.mod = THIS_MODULE,
	.objs = shadow_objects,
};

static int __init shadow_fix2_init(void)
{
	return klp_enable_patch(&shadow_patch);
}
module_init(shadow_fix2_init);

static void __exit shadow_fix2_exit(void)
{
}
module_exit(shadow_fix2_exit);

MODULE_DESCRIPTION("Live patch sample: a shadow variable on first use");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
