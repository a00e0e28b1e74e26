/* SPDX-License-Identifier: GPL-2.0 */
/* How the kernel's own build system is called. */
#ifndef KLP_KBUILD_H
#define KLP_KBUILD_H

#include "target.h"

struct kbuild {
	const struct target *target;
	const char *tree;		/* where to make */
	const char *module;		/* M=, or NULL */
	const char *flags;		/* KCFLAGS=, or NULL */
	const char *log;
	const char *what;		/* for the line of progress */
	size_t steps;			/* about how many there will be, or 0 */
	unsigned int jobs;
	bool keep_going;
};

/* Return: whether all @goals were made; they may contain assignments. */
bool kbuild(const struct kbuild *how, const char *const *goals, size_t nr);

/* What went wrong in the last run, by the compiler's own words: the first lines of it. */
const char *kbuild_errors(void);

/* Forgets what the environment would tell make; once, before the first call. */
void kbuild_environment(void);

#endif
