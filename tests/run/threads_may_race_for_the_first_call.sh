#!/bin/bash
# SPDX-License-Identifier: MIT
# 64 threads make the process's first call at once; threads end with
# destructors of thread-local data that call f again.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -L. -lf -Wl,-rpath,. -lpthread <<-'EOF2'
	#include <pthread.h>
	#include <stdint.h>
	#include <stdio.h>
	int f(int);
	static pthread_barrier_t barrier;
	static pthread_key_t key;
	static int late[64], early[64];
	static void end(void *value)
	{
		int i = (int)(intptr_t)value - 1;

		late[i] = f(100 + i);
	}
	static void *run(void *value)
	{
		int i = (int)(intptr_t)value - 1;

		pthread_setspecific(key, value);
		pthread_barrier_wait(&barrier);
		early[i] = f(i);
		return NULL;
	}
	int main(void)
	{
		pthread_t threads[64];
		long sum = 0;

		pthread_key_create(&key, end);
		pthread_barrier_init(&barrier, NULL, 64);
		for (intptr_t i = 0; i < 64; i++)
			pthread_create(&threads[i], NULL, run, (void *)(i + 1));
		for (int i = 0; i < 64; i++)
			pthread_join(threads[i], NULL);
		for (int i = 0; i < 64; i++)
			sum = sum * 31 + late[i] * 7 + early[i];
		printf("%ld %d\n", sum, f(500));
	}
EOF2
configure '' >ckpt.toml
./main >out.plain
for run in cold second third fourth; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
	expect_quiet err.$run
done
# Those that came while another thread opened the store passed by.
[ "$(counted hits)" -gt 0 ] || fail "$(cat stats.json)"
