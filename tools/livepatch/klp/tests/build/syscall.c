// SPDX-License-Identifier: GPL-2.0
/*
 * syscall NUMBER ARGUMENT...: prints what the system call returns, -errno if it fails.
 *
 * Arguments are numbers; "buf" is a buffer, "bad" is where none is; "=A,B,C" are ints.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX	6
#define BAD_ADDRESS	0x1000

static long buffer[8192];

static long ints(const char *list)
{
	static int values[ARGS_MAX];
	char *end;
	int i;

	for (i = 0; i < ARGS_MAX && *list; i++) {
		values[i] = (int)strtol(list, &end, 0);
		list = *end ? end + 1 : end;
	}
	return (long)values;
}

static long argument(const char *text)
{
	if (!strcmp(text, "buf"))
		return (long)buffer;
	if (!strcmp(text, "bad"))
		return BAD_ADDRESS;
	if (*text == '=')
		return ints(text + 1);
	return strtol(text, NULL, 0);
}

int main(int argc, char **argv)
{
	long args[ARGS_MAX + 1] = { 0 }, ret;
	int i;

	for (i = 1; i < argc && i <= ARGS_MAX + 1; i++)
		args[i - 1] = argument(argv[i]);
	ret = syscall(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
	printf("%ld\n", ret < 0 ? (long)-errno : ret);
	return 0;
}
