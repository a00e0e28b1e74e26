/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admin's door. */
#ifndef _KLP_SYSFS_H
#define _KLP_SYSFS_H

#include <linux/kobject.h>

struct klp_live_patch;

extern const struct kobj_type klp_patch_type;
extern const struct kobj_type klp_object_type;

bool klp_sysfs_ready(void);
int klp_sysfs_add(struct klp_live_patch *patch);
void klp_sysfs_remove(struct klp_live_patch *patch);
int klp_sysfs_init(void);

#endif /* _KLP_SYSFS_H */
