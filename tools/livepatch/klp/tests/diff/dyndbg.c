// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = change printed: uses __UNIQUE_ID_ddebug, which changed
// = written
/* The original's descriptor is what the admin switched on; another text needs another one. */
// has: \.klp\.sym\.vmlinux\.__UNIQUE_ID_ddebug5\.[0-9]+,1
// has: __dyndbg +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 000038
#include "kernel.h"
void exp_pin(void *module, void *descriptor);

#define debug(name, text) do {							\
	static struct descriptor {						\
		const char *module, *function, *file, *format;			\
		unsigned int line:18, class:6, flags:8;				\
		struct static_key key;						\
	} name __section("__dyndbg") = { "m", "f", "x", text, __LINE__ };	\
	if (static_branch(name.key))						\
		exp_pin(0, &name);						\
} while (0)

int foo(int a)
{
#ifdef AFTER
#line 300
#endif
	debug(__UNIQUE_ID_ddebug5, "foo");
	return a + EITHER(1, 2);
}

int line_only(int a)
{
	debug(__UNIQUE_ID_ddebug6, "line");
	return a;
}

int printed(int a)
{
	debug(__UNIQUE_ID_ddebug7, EITHER("old", "new"));
	return a;
}
