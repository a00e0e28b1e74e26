// SPDX-License-Identifier: GPL-2.0
// object: fruit
// = change foo: changed
// = reference helper: fruit helper,0
// = written
/* THIS_MODULE is the patched module's; its pr_debug() gets a descriptor of its own. */
// has: \.klp\.sym\.fruit\.__this_module,0
// has: __dyndbg +PROGBITS
// not: \.klp\.sym\.fruit\.__UNIQUE_ID_ddebug
#include "kernel.h"
extern char __this_module[];
void exp_pin(void *module, void *descriptor);
int helper(int a);

int foo(int a)
{
	static struct { const char *format; struct static_key key; } __UNIQUE_ID_ddebug5
		__section("__dyndbg") = { "format" };

	if (static_branch(__UNIQUE_ID_ddebug5.key))
		exp_pin(__this_module, &__UNIQUE_ID_ddebug5);
	return helper(a) + EITHER(1, 2);
}
