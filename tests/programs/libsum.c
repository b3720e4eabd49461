/* SPDX-License-Identifier: MIT */
/* A pure function that takes its time, with a part to change of each kind that
 * a result can depend on. */
#include <stddef.h>
#include <string.h>

#ifndef STEP
#define STEP 3
#endif
#ifndef FACTOR
#define FACTOR 3.25
#endif
#ifndef TABLE
#define TABLE 3
#endif
#ifndef TEXT
#define TEXT "text"
#endif
#ifndef CALLEE
#define CALLEE 0
#endif

double sum_slowly(const int *values, size_t count);

#ifdef UNRELATED
/* Everything behind it moves. */
int unrelated_table[64] = {1, 2, 3};
int unrelated(int x);
int unrelated(int x)
{
	return unrelated_table[x & 63] + x * 7;
}
#endif

static const int table[8] = {1, 2, TABLE, 4, 5, 6, 7, 8};

__attribute__((noinline)) static int mix(int x)
{
	return x * 31 + CALLEE;
}

__attribute__((noinline)) static size_t text_size(const char *text)
{
	size_t sum = 0;

	while (*text)
		sum += (unsigned char)*text++;
	return sum;
}

double sum_slowly(const int *values, size_t count)
{
	double sum = 0;

	for (int round = 0; round < 20000000; round++)
		sum = sum * 0.5 + round % STEP;
	sum += (double)text_size(TEXT);
	for (size_t i = 0; i < count; i++)
		sum += FACTOR * mix(values[i]) + table[values[i] & 7] +
		       (double)i;
	return sum;
}
