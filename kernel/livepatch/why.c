// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why: says what keeps a task from moving, in symbols, never in addresses.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "live.h"
#include "stack.h"
#include "transition.h"
#include "why.h"

static bool klp_code_has(const struct klp_code *code, unsigned long addr)
{
	const struct klp_piece *piece;

	if (!code->start)
		return false;
	if (addr >= code->start && addr <= code->start + code->size)
		return true;
	for (piece = code->pieces; piece; piece = piece->next)
		if (addr >= piece->start && addr <= piece->start + piece->size)
			return true;
	return false;
}

static bool klp_func_has(const struct klp_live_func *func, unsigned long addr)
{
	return klp_code_has(&func->new_code, addr) ||
	       klp_code_has(&func->old_code, addr);
}

/* Whose frame is it? The patch in transition is asked first. */
static const struct klp_live_func *
klp_patch_func_at(const struct klp_live_patch *patch, unsigned long addr)
{
	const struct klp_live_object *obj;
	const struct klp_live_func *func;

	klp_for_each_object(patch, obj)
		klp_for_each_func(obj, func)
			if (klp_func_has(func, addr))
				return func;
	return NULL;
}

static const struct klp_live_func *klp_func_at(unsigned long addr)
{
	const struct klp_live_patch *patch = klp_transition_patch();
	const struct klp_live_func *func = NULL;

	if (patch)
		func = klp_patch_func_at(patch, addr);
	if (func)
		return func;
	klp_for_each_patch(patch) {
		func = klp_patch_func_at(patch, addr);
		if (func)
			return func;
	}
	return NULL;
}

/* An address without a symbol has no name that anybody may see */
static const char *klp_symbol_text(char buf[KSYM_SYMBOL_LEN], unsigned long addr)
{
	if (!addr)
		return "its first frame";
	sprint_symbol_no_offset(buf, addr);
	return strstarts(buf, "0x") ? "unknown code" : buf;
}

/**
 * klp_why() - say why a task cannot move
 * @buf:	for the text
 * @try:	what came of the attempt
 *
 * Context: Expects klp_mutex held.
 * Return: the text; it may be in @buf.
 */
const char *klp_why(char buf[KLP_WHY_LEN], const struct klp_try *try)
{
	const struct klp_live_func *func;
	char symbol[KSYM_SYMBOL_LEN];

	lockdep_assert_held(&klp_mutex);
	switch (try->verdict) {
	case KLP_MOVED:
		return "nothing any more";
	case KLP_RUNNING:
		scnprintf(buf, KLP_WHY_LEN, "running cpu%d", try->cpu);
		break;
	case KLP_UNRELIABLE:
		scnprintf(buf, KLP_WHY_LEN, "unreliable at %s",
			  klp_symbol_text(symbol, try->where));
		break;
	case KLP_SLEEPING:
		func = klp_func_at(try->where);
		if (func)
			scnprintf(buf, KLP_WHY_LEN, "in %s of %s",
				  func->decl->old_name,
				  klp_patch_name(func->object->patch));
		else
			scnprintf(buf, KLP_WHY_LEN, "in %s",
				  klp_symbol_text(symbol, try->where));
		break;
	}
	return buf;
}
