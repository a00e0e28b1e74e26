// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = written
/* What describes a printk() comes along with the function that has it. */
// has: \.printk_index +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 000008
// has: OBJECT +LOCAL .* _entry\.
#include "kernel.h"
struct pi_entry {
	const char *fmt, *func, *file;
	unsigned int line;
};

#define indexed(format) do {							\
	static const struct pi_entry _entry = { format, __func__, __FILE__, __LINE__ }; \
	static const struct pi_entry *_entry_ptr __used __section(".printk_index") = &_entry; \
	exp_printk(format);							\
} while (0)

int foo(int a)
{
	indexed(EITHER("old", "new"));
	return a;
}

int bar(int a)
{
	indexed("bar");
	return a;
}
