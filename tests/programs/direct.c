/* SPDX-License-Identifier: MIT */
/*
 * usage: direct NUMBER…: functions of the program itself, called directly. The
 * caller keeps values in registers that it has seen the callee not to change
 * (-fipa-ra).
 */
#include <stdio.h>
#include <stdlib.h>

#ifdef __clang__
#define KEPT __attribute__((noinline))
#else
#define KEPT __attribute__((noinline, noclone))
#endif

KEPT static double slow_sum(const int *values, size_t count)
{
	double sum = 0;

	for (int round = 0; round < 20000000; round++)
		sum = sum * 0.5 + round % 3;
	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

KEPT static long mix(long x)
{
	x = x * 31 + 7;
	return x ^ x >> 5;
}

KEPT static long keep(long a, long b, long c, long d)
{
	long e = mix(a), f = mix(b);

	return a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f;
}

KEPT int count_down(int n);
KEPT int count_down(int n)
{
	return n < 2 ? n : count_down(n - 1) + count_down(n - 2);
}

int main(int argc, char **argv)
{
	int values[64];
	size_t count = 0;

	for (int i = 1; i < argc && count < 64; i++)
		values[count++] = atoi(argv[i]);
	for (int i = 0; i < 3; i++)
		printf("%.17g\n", slow_sum(values, count));
	printf("%ld\n", keep(argc, argc + 1L, argc + 2L, argc + 3L));
	printf("%d\n", count_down(argc + 14));
	return 0;
}
