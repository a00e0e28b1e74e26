// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The admin's door: shows live patches below /sys/kernel/livepatch, and passes
 * requests down.
 *
 * A patch and each of its objects are kobjects; a function is an empty directory,
 * which needs none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/kernfs.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "blockers.h"
#include "core.h"
#include "live.h"
#include "sysfs.h"
#include "transition.h"

static struct kset *klp_root;

static struct klp_live_patch *klp_patch_of(struct kobject *kobj)
{
	return container_of(kobj, struct klp_live_patch, kobj);
}

static struct klp_live_object *klp_object_of(struct kobject *kobj)
{
	return container_of(kobj, struct klp_live_object, kobj);
}

/* ---- files of a patch ---- */

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(klp_patch_of(kobj)->enabled));
}

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	bool enabled;
	int ret;

	ret = kstrtobool(buf, &enabled);
	if (!ret)
		ret = klp_patch_set_enabled(klp_patch_of(kobj), enabled);
	return ret ?: count;
}

static ssize_t transition_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  klp_transition_patch() == klp_patch_of(kobj));
}

static ssize_t force_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	bool force;
	int ret;

	ret = kstrtobool(buf, &force);
	if (!ret && force)
		ret = klp_patch_force(klp_patch_of(kobj));
	return ret ?: count;
}

static ssize_t replace_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", klp_patch_of(kobj)->decl->replace);
}

static ssize_t stack_order_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", klp_patch_order(klp_patch_of(kobj)));
}

static ssize_t blockers_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	/* As for /proc/PID/stack: whoever is root in a container is not enough */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return klp_blockers_show(klp_patch_of(kobj), buf);
}

static ssize_t stats_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	const struct klp_stats *stats = &klp_patch_of(kobj)->stats;
	ktime_t began = READ_ONCE(stats->began), ended = READ_ONCE(stats->ended);
	enum klp_way way;
	s64 elapsed = 0;
	int len = 0;

	if (began)
		elapsed = ktime_us_delta(ended ?: ktime_get(), began);
	for (way = 0; way < KLP_WAYS; way++)
		len += sysfs_emit_at(buf, len, "%s %d\n", klp_way_name(way),
				     atomic_read(&stats->moved[way]));
	len += sysfs_emit_at(buf, len, "passes %u\n", READ_ONCE(stats->passes));
	len += sysfs_emit_at(buf, len, "elapsed_us %lld\n", elapsed);
	len += sysfs_emit_at(buf, len, "hold_us %llu\n",
			     div_u64(READ_ONCE(stats->hold_ns), NSEC_PER_USEC));
	return len;
}

static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);
static struct kobj_attribute transition_attr = __ATTR_RO(transition);
static struct kobj_attribute force_attr = __ATTR_WO(force);
static struct kobj_attribute replace_attr = __ATTR_RO(replace);
static struct kobj_attribute stack_order_attr = __ATTR_RO(stack_order);
static struct kobj_attribute blockers_attr = __ATTR_RO_MODE(blockers, 0400);
static struct kobj_attribute stats_attr = __ATTR_RO(stats);

static struct attribute *klp_patch_attrs[] = {
	&enabled_attr.attr,
	&transition_attr.attr,
	&force_attr.attr,
	&replace_attr.attr,
	&stack_order_attr.attr,
	&blockers_attr.attr,
	&stats_attr.attr,
};

static void klp_patch_kobj_release(struct kobject *kobj)
{
	klp_patch_free(klp_patch_of(kobj));
}

const struct kobj_type klp_patch_type = {
	.release = klp_patch_kobj_release,
	.sysfs_ops = &kobj_sysfs_ops,
};

/* ---- files of an object ---- */

static ssize_t patched_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(klp_object_of(kobj)->patched));
}

static struct kobj_attribute patched_attr = __ATTR_RO(patched);

static struct attribute *klp_object_attrs[] = {
	&patched_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(klp_object);

static void klp_object_kobj_release(struct kobject *kobj)
{
	klp_object_free(klp_object_of(kobj));
}

const struct kobj_type klp_object_type = {
	.release = klp_object_kobj_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = klp_object_groups,
};

/* ---- directories ---- */

/* sysfs answers a second directory of a name with a stack dump: look first */
static int klp_dir_add(struct kobject *kobj, struct kobject *parent,
		       const char *name)
{
	struct kernfs_node *taken = kernfs_find_and_get(parent->sd, name);

	if (taken) {
		kernfs_put(taken);
		pr_err("'%s' has '%s' twice\n", parent->name, name);
		return -EEXIST;
	}
	return kobject_add(kobj, parent, "%s", name);
}

/*
 * One by one.  As a group they would be taken back when one of them cannot be had:
 * that waits for who reads one, and he may be waiting for klp_mutex.
 */
static int klp_patch_files_add(struct kobject *kobj)
{
	int i, ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(klp_patch_attrs); i++)
		ret = sysfs_create_file(kobj, klp_patch_attrs[i]);
	return ret;
}

static int klp_func_dir_add(struct klp_live_object *obj,
			    const struct klp_func *func)
{
	struct kernfs_node *dir;
	char *name;

	/* Position 0 is the only one of its name, so it is the first */
	name = kasprintf(GFP_KERNEL, "%s,%lu", func->old_name,
			 func->old_sympos ?: 1);
	if (!name)
		return -ENOMEM;
	strreplace(name, '/', '!');
	dir = kernfs_create_dir(obj->kobj.sd, name, 0755, NULL);
	if (IS_ERR(dir))
		pr_err("'%s' cannot have '%s' in '%s': %pe\n",
		       klp_patch_name(obj->patch), name, klp_object_name(obj),
		       dir);
	kfree(name);
	return PTR_ERR_OR_ZERO(dir);
}

static int klp_object_dir_add(struct klp_live_object *obj)
{
	struct klp_live_func *func;
	int ret;

	ret = klp_dir_add(&obj->kobj, &obj->patch->kobj, klp_object_name(obj));
	if (ret)
		return ret;
	klp_for_each_func(obj, func) {
		ret = klp_func_dir_add(obj, func->decl);
		if (ret)
			return ret;
	}
	return 0;
}

static void klp_dir_remove(struct kobject *kobj)
{
	if (kobj->state_in_sysfs)
		kobject_del(kobj);
}

/**
 * klp_sysfs_add() - show a patch
 * @patch:	the patch
 *
 * Context: Process context.  May sleep.
 * Return: 0; -EEXIST if it has an object twice, or a function at the same position;
 * -ENOMEM.  After an error, klp_sysfs_remove() removes what there is.
 */
int klp_sysfs_add(struct klp_live_patch *patch)
{
	struct klp_live_object *obj;
	int ret;

	patch->kobj.kset = klp_root;
	ret = klp_dir_add(&patch->kobj, &klp_root->kobj, klp_patch_name(patch));
	if (!ret)
		ret = klp_patch_files_add(&patch->kobj);
	if (ret)
		return ret;
	klp_for_each_object(patch, obj) {
		ret = klp_object_dir_add(obj);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * klp_sysfs_remove() - stop showing a patch
 * @patch:	the patch
 *
 * When it returns, no file of the patch is being read or written.
 *
 * Context: Process context, without klp_mutex: it waits for those who may be
 * waiting for that.
 */
void klp_sysfs_remove(struct klp_live_patch *patch)
{
	struct klp_live_object *obj;

	klp_for_each_object(patch, obj)
		klp_dir_remove(&obj->kobj);
	klp_dir_remove(&patch->kobj);
}

bool klp_sysfs_ready(void)
{
	return klp_root;
}

int __init klp_sysfs_init(void)
{
	klp_root = kset_create_and_add("livepatch", NULL, kernel_kobj);
	return klp_root ? 0 : -ENOMEM;
}
