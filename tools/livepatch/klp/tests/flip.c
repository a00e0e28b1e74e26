// SPDX-License-Identifier: GPL-2.0
/* flip FILE SEED: prints a file with a few bytes changed, the same ones for the same seed */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 20];
	unsigned int seed = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	FILE *file = argc > 2 ? fopen(argv[1], "rb") : NULL;
	size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	int i;

	if (!size)
		return 2;
	for (i = 0; i < 4; i++) {
		size_t at = (size_t)rand_r(&seed) % size;

		bytes[at] = (unsigned char)rand_r(&seed);
	}
	/* A file cut short, too */
	if (seed % 5 == 0)
		size = (size_t)rand_r(&seed) % size;
	return fwrite(bytes, 1, size, stdout) != size;
}
