#!/bin/bash
# SPDX-License-Identifier: MIT
# pthread_exit, deferred and asynchronous cancellation inside a call that is
# being recorded: clean-up handlers run, nothing is stored, others go on.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <pthread.h>
	#include <unistd.h>
	int f(int x)
	{
		if (x == 1)
			pthread_exit((void *)11);
		if (x == 2)
			for (;;)
				pause();
		if (x == 3)
			for (volatile int i = 0;; i++)
				;
		return 3 * x;
	}
EOF2
compile main -L. -lf -Wl,-rpath,. -lpthread <<-'EOF2'
	#include <pthread.h>
	#include <stdint.h>
	#include <stdio.h>
	#include <unistd.h>
	int f(int);
	static void clean_up(void *x) { printf("clean %d\n", *(int *)x); }
	static void *run(void *x)
	{
		int old;

		if (*(int *)x == 3)
			pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		pthread_cleanup_push(clean_up, x);
		f(*(int *)x);
		pthread_cleanup_pop(0);
		return 0;
	}
	int main(void)
	{
		for (int x = 1; x <= 3; x++) {
			pthread_t thread;
			void *result;

			pthread_create(&thread, NULL, run, &x);
			usleep(100000);
			if (x > 1)
				pthread_cancel(thread);
			pthread_join(thread, &result);
			printf("%s\n", result == PTHREAD_CANCELED ? "cancelled"
			       : (intptr_t)result == 11 ? "exited" : "?");
		}
		printf("%d %d\n", f(4), f(5));
	}
EOF2
configure '' >ckpt.toml
./main >out.plain
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
	expect_quiet err.$run
done
expect_counted hits 2
expect_counted misses 3
expect_counted stored 0
