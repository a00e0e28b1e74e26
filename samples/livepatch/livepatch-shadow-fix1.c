// SPDX-License-Identifier: GPL-2.0
/*
 * A shadow variable from the beginning of an object: stop a leak.
 *
 * livepatch-shadow-mod.c allocates a string for each session and forgets where
 * it begins.  Here the function that makes a session notes that in a shadow
 * variable, and the function that frees the session frees both.  A session made
 * before the patch came has no such variable, and its string is lost as ever.
 *
 *	# insmod livepatch-shadow-mod.ko
 *	# exec 3>/proc/livepatch-shadow		a session without the variable
 *	# insmod livepatch-shadow-fix1.ko
 *	# exec 4>/proc/livepatch-shadow		a session with it
 *	# exec 3>&- 4>&-
 *	# dmesg | tail -3
 *	livepatch_shadow_mod: goodbye, bash
 *	livepatch_shadow_mod: goodbye, bash
 *	livepatch_shadow_fix1: freed session/bash
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#define SESSION_PATH	1	/* the variable: char *, what to free */

/* As in the module that we patch. */
struct session {
	const char *name;
	int number;
};

/* Runs before anybody can find the variable.  Must not sleep. */
static int path_ctor(void *obj, void *data, void *ctor_data)
{
	*(char **)data = ctor_data;
	return 0;
}

/* Runs when nobody can find it any more.  Must not sleep either. */
static void path_dtor(void *obj, void *data)
{
	char *path = *(char **)data;

	pr_info("freed %s\n", path);
	kfree(path);
}

static struct session *fixed_session_new(void)
{
	struct session *session;
	char *path;

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	path = kasprintf(GFP_KERNEL, "session/%s", current->comm);
	if (!session || !path)
		goto free;
	session->name = strchr(path, '/') + 1;
	session->number = 7;

	/*
	 * While a patch comes, some tasks have it and some have not.  A session
	 * made by one and freed by another has left its variable, and this one
	 * may lie where that one lay.
	 */
	klp_shadow_free(session, SESSION_PATH, path_dtor);

	/* What a constructor needs is allocated before, where one may sleep. */
	if (klp_shadow_alloc(session, SESSION_PATH, sizeof(path), GFP_KERNEL, path_ctor, path))
		return session;
free:
	kfree(session);
	kfree(path);
	return NULL;
}

static void fixed_session_free(struct session *session)
{
	/* Does nothing for a session that is older than the patch. */
	klp_shadow_free(session, SESSION_PATH, path_dtor);
	kfree(session);
}

/*
 * Sessions may live on without the patch, and then leak again.  But nobody would
 * free their variables, and path_dtor() goes with this module: do it now.  The
 * strings stay, session->name points into them.
 */
static void forget_paths(struct klp_object *obj)
{
	klp_shadow_free_all(SESSION_PATH, NULL);
}

static struct klp_func session_funcs[] = {
	{ .old_name = "session_new", .new_func = fixed_session_new },
	{ .old_name = "session_free", .new_func = fixed_session_free },
	{ }
};

static struct klp_object shadow_objects[] = {
	{
		.name = "livepatch_shadow_mod",
		.funcs = session_funcs,
		.callbacks = { .post_unpatch = forget_paths },
	},
	{ }
};

static struct klp_patch shadow_patch = {
	.mod = THIS_MODULE,
	.objs = shadow_objects,
};

static int __init shadow_fix1_init(void)
{
	return klp_enable_patch(&shadow_patch);
}
module_init(shadow_fix1_init);

static void __exit shadow_fix1_exit(void)
{
}
module_exit(shadow_fix1_exit);

MODULE_DESCRIPTION("Live patch sample: a shadow variable from the beginning of an object");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
