// SPDX-License-Identifier: GPL-2.0
/*
 * Callbacks: code of the patch that runs when an object is about to be
 * patched, has been patched, is about to be restored, has been restored.
 * Each one here only tells the kernel log that it was called.
 *
 * Everything at once, and one's log:
 *
 *	# insmod livepatch-callbacks-mod.ko
 *	# insmod livepatch-callbacks-demo.ko
 *	pre_patch: vmlinux
 *	pre_patch: livepatch_callbacks_mod, live
 *	post_patch: vmlinux
 *	post_patch: livepatch_callbacks_mod, live
 *
 * A module that comes and goes while the patch is there:
 *
 *	# rmmod livepatch_callbacks_mod
 *	pre_unpatch: livepatch_callbacks_mod, going
 *	post_unpatch: livepatch_callbacks_mod, going
 *	# insmod livepatch-callbacks-mod.ko
 *	pre_patch: livepatch_callbacks_mod, coming
 *	post_patch: livepatch_callbacks_mod, coming
 *
 * A task that is asleep in a function to be replaced holds back the post_patch
 * callbacks of all objects, here for ten seconds:
 *
 *	# insmod livepatch-callbacks-busymod.ko seconds=10
 *	# insmod livepatch-callbacks-demo.ko
 *	# cat /sys/kernel/livepatch/livepatch_callbacks_demo/transition
 *	1
 *
 * Write 0 to "enabled" before they have passed, and the transition turns back:
 * post_unpatch is called, pre_unpatch is not, and neither is post_patch.
 *
 * A pre_patch callback may refuse.  It refuses the patch if its object is
 * there, or else the module at the moment it is loaded:
 *
 *	# insmod livepatch-callbacks-demo.ko refuse=vmlinux
 *	insmod: ERROR: ... Operation not permitted
 *	# insmod livepatch-callbacks-demo.ko refuse=livepatch_callbacks_mod
 *	# insmod livepatch-callbacks-mod.ko
 *	insmod: ERROR: ... Operation not permitted
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/workqueue.h>

static char *refuse = "";
module_param(refuse, charp, 0444);
MODULE_PARM_DESC(refuse, "Object whose pre_patch callback fails");

static const char *demo_object_name(const struct klp_object *obj)
{
	return obj->name ?: "vmlinux";
}

/* A module's state tells why the callback runs: it is here, comes, or goes. */
static const char *demo_object_state(const struct klp_object *obj)
{
	if (!obj->mod)
		return "";

	switch (obj->mod->state) {
	case MODULE_STATE_COMING:
		return ", coming";
	case MODULE_STATE_GOING:
		return ", going";
	default:
		return ", live";
	}
}

static void demo_tell(const char *callback, const struct klp_object *obj)
{
	pr_info("%s: %s%s\n", callback, demo_object_name(obj),
		demo_object_state(obj));
}

/* Get ready.  The only one that may fail; nothing has been redirected yet. */
static int demo_pre_patch(struct klp_object *obj)
{
	demo_tell("pre_patch", obj);
	return strcmp(refuse, demo_object_name(obj)) ? 0 : -EPERM;
}

/* From now on every task runs the new functions. */
static void demo_post_patch(struct klp_object *obj)
{
	demo_tell("post_patch", obj);
}

/* Undo what post_patch did; every task still runs the new functions. */
static void demo_pre_unpatch(struct klp_object *obj)
{
	demo_tell("pre_unpatch", obj);
}

/* Undo what pre_patch did; no task runs a new function any more. */
static void demo_post_unpatch(struct klp_object *obj)
{
	demo_tell("post_unpatch", obj);
}

#define DEMO_CALLBACKS {			\
	.pre_patch = demo_pre_patch,		\
	.post_patch = demo_post_patch,		\
	.pre_unpatch = demo_pre_unpatch,	\
	.post_unpatch = demo_post_unpatch,	\
}

static void demo_linger(struct work_struct *work)
{
	pr_info("%s: in and out\n", __func__);
}

static struct klp_func busymod_funcs[] = {
	{ .old_name = "busymod_linger", .new_func = demo_linger },
	{ }
};

/* Callbacks alone still take an array, an empty one. */
static struct klp_func no_funcs[] = { { } };

static struct klp_object demo_objects[] = {
	{
		.funcs = no_funcs,
		.callbacks = DEMO_CALLBACKS,
	}, {
		.name = "livepatch_callbacks_mod",
		.funcs = no_funcs,
		.callbacks = DEMO_CALLBACKS,
	}, {
		.name = "livepatch_callbacks_busymod",
		.funcs = busymod_funcs,
		.callbacks = DEMO_CALLBACKS,
	},
	{ }
};

static struct klp_patch demo_patch = {
	.mod = THIS_MODULE,
	.objs = demo_objects,
};

static int __init callbacks_demo_init(void)
{
	return klp_enable_patch(&demo_patch);
}
module_init(callbacks_demo_init);

static void __exit callbacks_demo_exit(void)
{
}
module_exit(callbacks_demo_exit);

MODULE_DESCRIPTION("Live patch sample: callbacks of an object");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
