// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch built at run time from the parameter "objs":
 *
 *	objs    = object { ";" object }
 *	object  = name ":" ( "null" | [ func { "," func } ] )
 *	func    = old_name [ "@" sympos ] [ "=" new ]
 *	new     = "value" | "show" | "wait" | "null" | "data" | "init"
 *
 * The name "vmlinux" gives an object without a name, "=vmlinux" one that is
 * called so; the old_name "-" is NULL; "null" in place of the functions leaves
 * the array out.  An empty list of functions is an empty array.
 *
 * Everything lives on the heap and is freed as soon as klp_enable_patch()
 * fails, as patch modules made by kpatch do.  The scripts make copies under
 * other names (klp_test_patch_01, ...) by editing the name in the object file.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *objs = "vmlinux:cmdline_proc_show";
module_param(objs, charp, 0444);
MODULE_PARM_DESC(objs, "objects and functions, see the source");

static char *states = "";
module_param(states, charp, 0444);
MODULE_PARM_DESC(states, "system states: id:version,...");

static bool replace;
module_param(replace, bool, 0444);
MODULE_PARM_DESC(replace, "atomic replace");

static char *omit = "";
module_param(omit, charp, 0444);
MODULE_PARM_DESC(omit, "what to leave NULL: patch, mod or objs");

static bool again;
static const struct kernel_param_ops again_ops;
module_param_cb(again, &again_ops, &again, 0644);
MODULE_PARM_DESC(again, "enable the same patch a second time, also later");

static bool callbacks;
module_param(callbacks, bool, 0444);
MODULE_PARM_DESC(callbacks, "give every object all four callbacks");

static char *without = "";
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "callback to leave out");

static char *fail_obj = "";
module_param(fail_obj, charp, 0444);
MODULE_PARM_DESC(fail_obj, "object whose pre_patch callback fails");

static int fail_ret;
module_param(fail_ret, int, 0444);
MODULE_PARM_DESC(fail_ret, "what that callback returns");

static int fail_times = -1;
module_param(fail_times, int, 0644);
MODULE_PARM_DESC(fail_times, "how often it still fails; -1: always");

static unsigned long watch;
module_param(watch, ulong, 0444);
MODULE_PARM_DESC(watch, "system state to report and take over in callbacks");

static int value = 1000;
module_param(value, int, 0444);
MODULE_PARM_DESC(value, "what the new functions return or show");

static struct klp_patch *patch;
static char *text, *state_text;

static int new_value(void)
{
	return value;
}

static int new_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s %d\n", THIS_MODULE->name, value);
	return 0;
}

/* Stands in for holder_wait() of klp_test_holder, and sleeps as well. */
static int new_wait(struct completion *entered)
{
	complete(entered);

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);

	return value;
}

/* What no call must ever come to: it is freed, or no code at all. */
static noinline __init int new_init(void)
{
	return value;
}

static const struct {
	const char *name;
	void *func;
} replacements[] __refdata = {
	{ "value", new_value },
	{ "show", new_show },
	{ "wait", new_wait },
	{ "null", NULL },
	{ "data", &value },
	{ "init", new_init },
};

static const char *object_name(struct klp_object *obj)
{
	return obj->name ?: "vmlinux";
}

static const char *module_state(struct klp_object *obj)
{
	if (!obj->mod)
		return "none";

	switch (obj->mod->state) {
	case MODULE_STATE_LIVE:
		return "live";
	case MODULE_STATE_COMING:
		return "coming";
	case MODULE_STATE_GOING:
		return "going";
	default:
		return "unformed";
	}
}

static void report_state(const char *when, bool take)
{
	struct klp_state *own, *prev;

	if (!watch)
		return;

	own = klp_get_state(patch, watch);
	prev = klp_get_prev_state(watch);
	if (take && own && prev)
		own->data = prev->data;

	pr_info("%s: %s state own=%u,%ld prev=%u,%ld\n", THIS_MODULE->name, when,
		own ? own->version : 0, own ? (long)own->data : 0,
		prev ? prev->version : 0, prev ? (long)prev->data : 0);
}

static void report(const char *when, struct klp_object *obj)
{
	pr_info("%s: %s %s %s\n", THIS_MODULE->name, when, object_name(obj),
		module_state(obj));
	msleep(20);	/* callbacks may sleep */
}

static int pre_patch(struct klp_object *obj)
{
	report("pre_patch", obj);
	report_state("pre_patch", false);
	if (strcmp(object_name(obj), fail_obj) || !fail_times)
		return 0;

	if (fail_times > 0)
		fail_times--;
	return fail_ret;
}

static void post_patch(struct klp_object *obj)
{
	report("post_patch", obj);
	report_state("post_patch", true);
}

static void pre_unpatch(struct klp_object *obj)
{
	report("pre_unpatch", obj);
	report_state("pre_unpatch", false);
}

static void post_unpatch(struct klp_object *obj)
{
	report("post_unpatch", obj);
	report_state("post_unpatch", false);
}

static void add_callbacks(struct klp_object *obj)
{
	if (strcmp(without, "pre_patch"))
		obj->callbacks.pre_patch = pre_patch;
	if (strcmp(without, "post_patch"))
		obj->callbacks.post_patch = post_patch;
	if (strcmp(without, "pre_unpatch"))
		obj->callbacks.pre_unpatch = pre_unpatch;
	if (strcmp(without, "post_unpatch"))
		obj->callbacks.post_unpatch = post_unpatch;
}

static unsigned int count_char(const char *s, char c)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += *s == c;

	return n;
}

static int set_replacement(struct klp_func *func, const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(replacements); i++) {
		if (!strcmp(name, replacements[i].name)) {
			func->new_func = replacements[i].func;
			return 0;
		}
	}

	return -ENOKEY;
}

static int build_func(struct klp_func *func, char *spec, const char *new_func)
{
	char *old = strsep(&spec, "=");
	char *pos = old;

	strsep(&pos, "@");
	if (strcmp(old, "-"))
		func->old_name = old;
	if (pos && kstrtoul(pos, 0, &func->old_sympos))
		return -ENOKEY;

	return set_replacement(func, spec ?: new_func);
}

static int build_object(struct klp_object *obj, char *spec)
{
	const char *new_func = "value";
	struct klp_func *func;
	char *name, *item;
	int ret;

	name = strsep(&spec, ":");
	if (!spec)
		return -ENOKEY;

	if (!strcmp(name, "vmlinux"))
		new_func = "show";
	else
		obj->name = name + (*name == '=');

	if (callbacks)
		add_callbacks(obj);
	if (!strcmp(spec, "null"))
		return 0;

	func = kcalloc(count_char(spec, ',') + 2, sizeof(*func), GFP_KERNEL);
	obj->funcs = func;
	if (!func)
		return -ENOMEM;

	while ((item = strsep(&spec, ",")) && *item) {
		ret = build_func(func++, item, new_func);
		if (ret)
			return ret;
	}

	return 0;
}

static int build_objects(void)
{
	struct klp_object *obj;
	char *rest, *item;
	int ret;

	text = kstrdup(objs, GFP_KERNEL);
	if (!text)
		return -ENOMEM;

	obj = kcalloc(count_char(text, ';') + 2, sizeof(*obj), GFP_KERNEL);
	patch->objs = obj;
	if (!obj)
		return -ENOMEM;

	rest = text;
	while ((item = strsep(&rest, ";")) && *item) {
		ret = build_object(obj++, item);
		if (ret)
			return ret;
	}

	return 0;
}

static int build_states(void)
{
	struct klp_state *state;
	char *rest, *item;

	if (!*states)
		return 0;

	state_text = kstrdup(states, GFP_KERNEL);
	if (!state_text)
		return -ENOMEM;

	state = kcalloc(count_char(states, ',') + 2, sizeof(*state), GFP_KERNEL);
	patch->states = state;
	if (!state)
		return -ENOMEM;

	rest = state_text;
	while ((item = strsep(&rest, ",")) && *item) {
		if (sscanf(item, "%lu:%u", &state->id, &state->version) != 2)
			return -ENOKEY;
		state->data = (void *)(long)value;
		state++;
	}

	return 0;
}

static int build_patch(void)
{
	int ret;

	patch->mod = THIS_MODULE;
	patch->replace = replace;

	ret = build_objects();
	if (ret)
		return ret;

	return build_states();
}

/* By count, not by the macros of the header: names and functions may be NULL. */
static void free_patch(struct klp_object *objects)
{
	unsigned int i;

	for (i = 0; objects && i <= count_char(objs, ';'); i++)
		kfree(objects[i].funcs);

	kfree(objects);
	kfree(patch->states);
	kfree(patch);
	kfree(state_text);
	kfree(text);
	patch = NULL;
}

static int enable_patch(void)
{
	if (!strcmp(omit, "patch"))
		return klp_enable_patch(NULL);
	if (!strcmp(omit, "mod"))
		patch->mod = NULL;
	if (!strcmp(omit, "objs"))
		patch->objs = NULL;

	return klp_enable_patch(patch);
}

static void enable_again(void)
{
	pr_info("%s: enable again returned %d\n", THIS_MODULE->name,
		klp_enable_patch(patch));
}

/* While the module loads there is no patch yet: patch_init() looks at the flag then */
static int again_set(const char *text, const struct kernel_param *kp)
{
	int ret = param_set_bool(text, kp);

	if (!ret && again && patch)
		enable_again();
	return ret;
}

static const struct kernel_param_ops again_ops = {
	.set = again_set,
	.get = param_get_bool,
};

static int __init patch_init(void)
{
	struct klp_object *objects;
	int ret;

	patch = kzalloc(sizeof(*patch), GFP_KERNEL);
	if (!patch)
		return -ENOMEM;

	ret = build_patch();
	objects = patch->objs;
	if (!ret) {
		ret = enable_patch();
		pr_info("%s: enable returned %d\n", THIS_MODULE->name, ret);
	}
	if (ret)
		free_patch(objects);
	else if (again)
		enable_again();

	return ret;
}

/* An init that returned a positive error has left nothing to free. */
static void __exit patch_exit(void)
{
	if (patch)
		free_patch(patch->objs);
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: a patch described by parameters");
MODULE_LICENSE("GPL");
