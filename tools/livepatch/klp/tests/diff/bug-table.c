// SPDX-License-Identifier: GPL-2.0
// = change flags: changed
// = written
/* Of a changed function the entries come along; another flag is a change of its own. */
// has: __bug_table +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 00000c
// has padded: PC32 .* \.text\.flags \+ 1b$
// has plain: PC32 .* \.text\.flags \+ 7$
// has: \.discard\.reachable +PROGBITS +[0-9a-f]+ +[0-9a-f]+ 000004
#include "kernel.h"
#ifdef AFTER
#line 100
#endif
int flags(int a)
{
	WARN(EITHER(1, 9));
	return a;
}

int line(int a)
{
	WARN(1);
	return a;
}
