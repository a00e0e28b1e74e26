// SPDX-License-Identifier: GPL-2.0
/*
 * What a patch was built against, in the source of its module.
 *
 * Each object gets a pre_patch callback of ours, which looks at the original functions
 * before the core redirects anything; the author's comes after it.
 */
#include "module_verify.h"

/* The address comes by a livepatch relocation, whose name is the symbol's. */
static void add_function(struct text *out, const struct verified *verified, const char *id)
{
	const struct mask *mask;

	text_add(out, "extern const char klp_old_%s[]\n\t__asm__(\"\\\".klp.sym.%s.%s,%lu\\\"\");\n", id,
		 verified->place.object, verified->place.name, verified->place.pos);
	if (!verified->masks.nr)
		return;
	text_add(out, "static const struct klp_verify_mask masks_%s[] = {", id);
	list_for_each(mask, &verified->masks) {
		text_add(out, "%s{ %u, %u },", (mask - verified->masks.at) % 6 ? " " : "\n\t",
			 mask->offset, mask->size);
	}
	text_add(out, "\n};\n");
}

static void add_row(struct text *out, const struct verified *verified, const char *id)
{
	size_t i;

	text_add(out, "\t{\n\t\t.name = \"%s\",\n\t\t.code = klp_old_%s,\n\t\t.size = %llu,\n\t\t.sum = {",
		 verified->place.name, id, (unsigned long long)verified->place.size);
	for (i = 0; i < sizeof(verified->sum); i++)
		text_add(out, "%s0x%02x,", i % 8 ? " " : "\n\t\t\t", verified->sum[i]);
	text_add(out, "\n\t\t},\n");
	if (verified->masks.nr)
		text_add(out, "\t\t.masks = masks_%s,\n\t\t.nr_masks = %zu,\n", id,
			 verified->masks.nr);
	text_add(out, "\t},\n");
}

static const char *author_callback(const struct patched *patched)
{
	const struct declaration *const *declaration;

	list_for_each(declaration, &patched->declarations) {
		if (!strcmp((*declaration)->kind, "pre_patch"))
			return mem_printf("%s(obj)", (*declaration)->alias);
	}
	return "0";
}

bool module_verify_object(struct text *out, const struct patched *patched,
			  const struct kernel *kernel, size_t nr)
{
	LIST(struct verified) all = { 0 };
	const struct change *const *change;
	const char *why = NULL;
	struct verified *one;

	list_for_each(change, &patched->changes) {
		one = list_add(&all);
		memset(one, 0, sizeof(*one));
		if (!verify_function(kernel, &(*change)->place, one, &why)) {
			warn("%s: it will not be verified: %s", (*change)->place.name, why);
			all.nr--;
		}
	}
	if (!all.nr)
		return false;
	text_add(out, "\n/* What was built against; see klp_verify.c. */\n");
	list_for_each(one, &all)
		add_function(out, one, mem_printf("%zu_%zu", nr, (size_t)(one - all.at)));
	text_add(out, "\nstatic const struct klp_verify verify_%zu[] = {\n", nr);
	list_for_each(one, &all)
		add_row(out, one, mem_printf("%zu_%zu", nr, (size_t)(one - all.at)));
	text_add(out, "};\n\nstatic int pre_patch_%zu(struct klp_object *obj)\n{\n"
		 "\treturn klp_verify(verify_%zu, ARRAY_SIZE(verify_%zu)) ?: %s;\n}\n", nr, nr, nr,
		 author_callback(patched));
	return true;
}
