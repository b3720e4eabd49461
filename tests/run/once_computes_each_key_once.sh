#!/bin/bash
# SPDX-License-Identifier: MIT
# once: of 16 threads in each of 4 processes that ask for the same keys at the
# same time (64 in 8 in check-full), one computes each; without it several do.
# A killed owner frees the others; after once_wait a waiter computes itself.
. "$(dirname "$0")/calls.sh"

compile_library f <<-'EOF2'
	#include <fcntl.h>
	#include <stdlib.h>
	#include <signal.h>
	#include <unistd.h>
	int f(int x)
	{
		/* One byte for each execution. */
		int fd = open("executed", O_WRONLY | O_APPEND | O_CREAT, 0600);

		if (write(fd, "x", 1) != 1)
			abort();
		close(fd);
		usleep(20000);
		if (x == 99 && access("kill", F_OK) == 0) {
			unlink("kill");
			kill(getpid(), SIGKILL);
		}
		if (x == 98)
			usleep(1500000);
		return 3 * x;
	}
EOF2
compile main -L. -lf -Wl,-rpath,. -lpthread <<-'EOF2'
	#include <pthread.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <unistd.h>
	int f(int);
	static int first, count;
	static void *run(void *unused)
	{
		for (int i = 0; i < count; i++)
			if (f(first + i) != 3 * (first + i))
				abort();
		return unused;
	}
	int main(int argument_count, char **arguments)
	{
		static pthread_t threads[64];
		int thread_count = atoi(arguments[1]);

		(void)argument_count;
		first = atoi(arguments[2]);
		count = atoi(arguments[3]);
		for (int i = 0; i < thread_count; i++)
			pthread_create(&threads[i], NULL, run, NULL);
		for (int i = 0; i < thread_count; i++)
			pthread_join(threads[i], NULL);
		return 0;
	}
EOF2
race() { # PROCESSES ARGUMENTS…
	local i pids=()
	for ((i = 0; i < $1; i++)); do
		preload ./main "${@:2}" 2>>err.race &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || echo "status $?" >>statuses
	done
	sed -i "/Killed/d" err.race # by the shell, of the one that is
	expect_quiet err.race
}
executed() {
	stat -c %s executed
}
processes=4 threads=16
[ ! "${CKPT_TEST_FULL-}" ] || { processes=8 threads=64; }
configure 'impure = "allow"
once = "processes"' >ckpt.toml
preload ./main 1 0 1
rm executed
race $processes $threads 1 5
expect_equal executions 5 "$(executed)"
[ ! -e statuses ] || fail "$(cat statuses)"

# Threads of one process only.
configure 'impure = "allow"
once = true' >ckpt.toml
rm -rf .ckpt executed
preload ./main 1 0 1
rm executed
race 1 $threads 1 5
expect_equal 'executions in one process' 5 "$(executed)"

# The owner is killed: the next one computes, and soon.
configure 'impure = "allow"
once = "processes"' >ckpt.toml
preload ./main 1 0 1
touch kill
race 3 1 99 1
expect_match 'status 137' statuses
[ "$(wc -l <statuses)" = 1 ] || fail "$(cat statuses)"

# The owner takes too long: a waiter computes for itself.
configure 'impure = "allow"
once = "processes"
once_wait = 0.3' >ckpt.toml
preload ./main 1 0 1
rm executed
race 2 1 98 1
expect_equal 'executions with once_wait' 2 "$(executed)"
