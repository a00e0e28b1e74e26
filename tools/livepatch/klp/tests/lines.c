// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: lines BEFORE AFTER: prints AFTER with its numbers kept, as klp build compiles it.
 * The shell test beside it asks a compiler whether the numbers are right.
 */
#include "../source.h"

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	lines_keep(argv[1], argv[2]);
	return fwrite(file_read(argv[2]).at, 1, file_read(argv[2]).size, stdout) == 0;
}
