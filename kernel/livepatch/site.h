/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where: sites, site sets, and the handler.  Only site.c knows ftrace. */
#ifndef _KLP_SITE_H
#define _KLP_SITE_H

#include <linux/list.h>
#include <linux/mutex.h>

struct klp_live_func;
struct klp_live_object;
struct klp_ranges;
struct klp_site_set;
struct module;

/**
 * struct klp_site - the entry of one patched function
 * @ip:		its ftrace location; 0 for an empty slot of the table
 * @target:	what each side runs; 0 is the original code.  All that the handler
 *		reads
 * @funcs:	the live functions that have a place here, newest first
 * @set:	the set it belongs to
 * @jump:	where its entry may jump to, instead of calling the handler; 0 if it
 *		must call.  Set under both mutexes
 * @gone:	taken out of the filter; nobody comes here any more
 */
struct klp_site {
	unsigned long ip;
	unsigned long target[2];
	struct list_head funcs;
	struct klp_site_set *set;
	unsigned long jump;
	bool gone;
};

extern struct mutex klp_sites_mutex;

unsigned long klp_funcs_target(const struct list_head *funcs, int side);

unsigned long klp_location_find(unsigned long addr, unsigned long size);
bool klp_location_taken(unsigned long ip);
bool klp_location_possible(void);
struct klp_site_set *klp_sites_attach(struct klp_live_object *obj);
int klp_sites_connect(struct klp_live_object *obj, struct klp_site_set *set);
void klp_sites_detach(struct klp_live_object *obj);
void klp_sites_discard(struct klp_site_set *set);
void klp_sites_publish(void);
void klp_sites_publish_object(struct klp_live_object *obj);
void klp_sites_base(int side);
void klp_func_ranges(struct klp_ranges *ranges,
		     const struct klp_live_func *func);
void klp_sites_ranges(struct klp_ranges *ranges, int side);
void klp_sites_preview(struct klp_ranges *ranges,
		       const struct klp_live_func *func);
bool klp_sites_must_call(void);
int klp_sites_unsettle(void);
bool klp_sites_settle(void);
int klp_sites_drop_idle(void);
void klp_sites_drop_module(struct module *mod);
bool klp_sites_has_module(const struct module *mod);

#endif /* _KLP_SITE_H */
