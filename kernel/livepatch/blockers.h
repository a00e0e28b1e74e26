/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who blocks a transition, and why, as text. */
#ifndef _KLP_BLOCKERS_H
#define _KLP_BLOCKERS_H

#include <linux/types.h>

struct klp_live_patch;
struct klp_ranges;

/**
 * struct klp_report - a page of text that is being written
 * @buf:	the page
 * @len:	how much of it is full
 * @more:	number of lines that there was no room for
 * @list:	where the list of tasks begins in it
 * @list_more:	@more at that moment
 */
struct klp_report {
	char *buf;
	int len;
	unsigned int more;
	int list;
	unsigned int list_more;
};

void __printf(2, 3) klp_report_line(struct klp_report *report,
				    const char *format, ...);
void klp_report_end(struct klp_report *report);
void klp_report_list(struct klp_report *report);
void klp_report_again(void *report);
void klp_report_would_block(struct klp_report *report,
			    const struct klp_ranges *ranges);

int klp_blockers_show(struct klp_live_patch *patch, char *buf);

#endif /* _KLP_BLOCKERS_H */
