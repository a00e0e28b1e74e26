// SPDX-License-Identifier: GPL-2.0
/*
 * What a patch was built against, in the source of its module.
 *
 * Each object gets a pre_patch callback of ours, which looks at the original functions
 * before the core redirects anything; the author's comes after it.
 */
#include "module_verify.h"

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
	const char *why = verify_unable(kernel);
	const struct change *const *change;

	if (why) {
		warn("%s: it will not be verified: %s", patched->name, why);
		return false;
	}
	list_for_each(change, &patched->changes) {
		if (verify_function(kernel, &(*change)->place, list_add(&all), &why))
			continue;
		warn("%s: it will not be verified: %s", (*change)->place.name, why);
		all.nr--;
	}
	if (!all.nr)
		return false;
	text_add(out, "\n/* What was built against; see klp_verify.c. */\n");
	verify_source(out, kernel, all.at, all.nr, nr);
	text_add(out, "\nstatic int pre_patch_%zu(struct klp_object *obj)\n{\n"
		 "\treturn klp_verify(&verify_%zu, obj->mod) ?: %s;\n}\n", nr, nr,
		 author_callback(patched));
	return true;
}
