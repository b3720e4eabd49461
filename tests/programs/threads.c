/* SPDX-License-Identifier: MIT */
/* usage: threads: eight threads, each calling for the same sixteen inputs, half
 * of the threads on small stacks. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/programs/results.h"

enum { THREADS = 8, INPUTS = 16, ROUNDS = 50 };

static void *work(void *argument)
{
	long *sums = argument;

	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < INPUTS; i++) {
			struct r_large large = {{i, round, 2, 3, 4, 5, 6, 7}};

			large = r_large(large, i);
			sums[i] += large.values[1] + r_short((short)i) +
				   (long)r_double(i, 1, 2, 3, 4, 5, 6, 7, 8, i);
		}
	return NULL;
}

int main(void)
{
	static long sums[THREADS][INPUTS];
	pthread_t threads[THREADS];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN + 16384);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], i % 2 ? &small : NULL, work,
				   sums[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) {
		for (int j = 0; j < INPUTS; j++)
			printf("%ld ", sums[i][j]);
		puts("");
	}
	return 0;
}
