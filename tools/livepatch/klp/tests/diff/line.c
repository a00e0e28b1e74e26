// SPDX-License-Identifier: GPL-2.0
// = change foo: changed
// = reference outer: vmlinux outer,0
// = written
/* __LINE__ in an argument is a change, that of WARN() is none. */
#include "kernel.h"
#ifdef AFTER
#line 100
#endif
int foo(int a)
{
	return outer(__LINE__);
}

int bar(int a)
{
	WARN(2);
	return a;
}
