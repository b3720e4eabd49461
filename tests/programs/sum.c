/* SPDX-License-Identifier: MIT */
/* usage: sum TIMES NUMBER…: the same call TIMES times. */
#include <stdio.h>
#include <stdlib.h>

double sum_slowly(const int *values, size_t count);

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 0;
	int values[64];
	size_t count = 0;

	for (int i = 2; i < argc && count < 64; i++)
		values[count++] = atoi(argv[i]);
	while (times-- > 0)
		printf("%.17g\n", sum_slowly(values, count));
	return 0;
}
