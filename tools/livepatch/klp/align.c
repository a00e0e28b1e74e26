// SPDX-License-Identifier: GPL-2.0
/*
 * Two lists of references, of a function before and after, side by side.
 *
 * A new pr_info_once() brings a flag of the same name as those that were there.  What the
 * function refers to next to each of them, strings above all, tells them apart: the two
 * flags are the same with which most of the lists is in step.
 */
#include <stdlib.h>

#include "object.h"

#define CELLS_MAX	(1U << 20)
#define STEPS_MAX	(1U << 28)	/* a second or so */
#define SCORE_TEXT	4		/* a string or constant is hardly there by chance */

struct lists {
	const struct reloc *before, *after;
	size_t nr_before, nr_after;
	unsigned char *scores;		/* of each one before with each one after */
	unsigned int *rows[2];
};

static bool is_text(const struct reloc *reloc)
{
	return reloc->literal || (reloc->unit && unit_literal(reloc->unit));
}

static bool lists_make(struct lists *lists)
{
	unsigned char *score;

	if (lists->nr_before >= CELLS_MAX || lists->nr_after >= CELLS_MAX / (lists->nr_before + 1))
		return false;
	lists->scores = score = malloc(lists->nr_before * lists->nr_after + 1);
	lists->rows[0] = malloc((lists->nr_after + 1) * sizeof(**lists->rows));
	lists->rows[1] = malloc((lists->nr_after + 1) * sizeof(**lists->rows));
	if (!score || !lists->rows[0] || !lists->rows[1])
		die("out of memory");
	for (size_t i = 0; i < lists->nr_before; i++) {
		for (size_t j = 0; j < lists->nr_after; j++, score++) {
			const struct reloc *after = &lists->after[j];

			*score = relocs_same(&lists->before[i], after);
			if (*score && is_text(after))
				*score = SCORE_TEXT;
		}
	}
	return true;
}

static void lists_free(struct lists *lists)
{
	free(lists->scores);
	free(lists->rows[0]);
	free(lists->rows[1]);
}

/* How much of the lists is in step at best, if @a is @b */
static unsigned int in_step(const struct lists *lists, const struct unit *a, const struct unit *b)
{
	unsigned int *last = lists->rows[0], *row = lists->rows[1];
	const unsigned char *scores = lists->scores;

	memset(last, 0, (lists->nr_after + 1) * sizeof(*last));
	for (size_t i = 0; i < lists->nr_before; i++) {
		const struct reloc *before = &lists->before[i];

		row[0] = 0;
		for (size_t j = 0; j < lists->nr_after; j++) {
			const struct reloc *after = &lists->after[j];
			unsigned int both = last[j] + *scores++;

			if (before->unit == a && after->unit == b &&
			    before->target == after->target)
				both = last[j] + 1;
			row[j + 1] = row[j] > last[j + 1] ? row[j] : last[j + 1];
			if (both > row[j + 1])
				row[j + 1] = both;
		}
		unsigned int *done = last;

		last = row;
		row = done;
	}
	return last[lists->nr_after];
}

static bool is_first(const struct reloc *relocs, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (relocs[i].unit == relocs[at].unit)
			return false;
	}
	return true;
}

static bool is_pair(const struct lists *lists, size_t i, size_t j)
{
	struct unit *before = lists->before[i].unit, *after = lists->after[j].unit;

	return before && after && !after->code && units_may_match(before, after) &&
	       is_first(lists->before, i) && is_first(lists->after, j);
}

/* With very many to choose from, not all are tried; what is left is said to be unclear. */
static void choose(const struct lists *lists, struct unit_pair *best)
{
	size_t cells = lists->nr_before * lists->nr_after, nr = 0;
	unsigned int most = 0, found;

	for (size_t i = 0; i < lists->nr_before; i++) {
		for (size_t j = 0; j < lists->nr_after; j++) {
			if (!is_pair(lists, i, j) || ++nr > STEPS_MAX / cells)
				continue;
			found = in_step(lists, lists->before[i].unit, lists->after[j].unit);
			if (found <= most)
				continue;
			most = found;
			*best = (struct unit_pair){ lists->before[i].unit, lists->after[j].unit };
		}
	}
}

/* Data of one stem that both lists refer to: the two that are the same, if any. */
bool relocs_align(const struct reloc *before, size_t nr_before,
		  const struct reloc *after, size_t nr_after, struct unit_pair *best)
{
	struct lists lists = { .before = before, .after = after,
			       .nr_before = nr_before, .nr_after = nr_after };
	size_t nr = 0;

	*best = (struct unit_pair){ 0 };
	for (size_t i = 0; i < nr_before && !nr; i++) {
		for (size_t j = 0; j < nr_after && !nr; j++)
			nr += is_pair(&lists, i, j);
	}
	if (!nr || !lists_make(&lists))
		return false;
	choose(&lists, best);
	lists_free(&lists);
	return best->before;
}
