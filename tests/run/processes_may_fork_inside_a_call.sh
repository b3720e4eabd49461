#!/bin/bash
# SPDX-License-Identifier: MIT
# fork inside a call that is being recorded and while other threads look up,
# vfork and exec, posix_spawn, daemon: all results right, nobody hangs.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <stdlib.h>
	#include <sys/wait.h>
	#include <unistd.h>
	int f(int x)
	{
		if (x == 1000) {
			pid_t child = fork();
			int status;

			/* The child returns from the call, too. */
			if (child)
				waitpid(child, &status, 0);
			return child ? WEXITSTATUS(status) : 77;
		}
		return 3 * x;
	}
EOF2
compile main -D_GNU_SOURCE -L. -lf -Wl,-rpath,. -lpthread <<-'EOF2'
	#include <pthread.h>
	#include <spawn.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/wait.h>
	#include <unistd.h>
	int f(int);
	extern char **environ;
	static volatile int stop;
	static void *look_up(void *unused)
	{
		for (int i = 0; !stop; i = (i + 1) % 50)
			if (f(i) != 3 * i)
				abort();
		return unused;
	}
	static int wait_for(pid_t child)
	{
		int status = -1;

		waitpid(child, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
	}
	int main(int count, char **arguments)
	{
		pthread_t threads[4];
		char *again[] = {arguments[0], "child", NULL};
		pid_t child;
		int result;

		if (count > 1)
			return f(5);
		result = f(1000);
		if (result == 77)
			exit(f(3));
		printf("%d\n", result);
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, look_up, NULL);
		for (int i = 0; i < 50; i++) {
			child = fork();
			if (!child)
				_exit(f(4) + f(200 + i) - 3 * (200 + i));
			if (wait_for(child) != 12)
				puts("wrong");
		}
		child = vfork();
		if (!child)
			execv(again[0], again);
		printf("%d\n", wait_for(child));
		posix_spawn(&child, again[0], NULL, NULL, again, environ);
		printf("%d\n", wait_for(child));
		stop = 1;
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		fflush(stdout);
		if (daemon(1, 1))
			return 1;
		printf("daemon %d\n", f(6));
		return 0;
	}
EOF2
configure 'impure = "allow"' >ckpt.toml
run_it() { # FILE
	rm -f pipe
	mkfifo pipe
	cat pipe >"$1" &
	"${@:2}" ./main >pipe 2>>"err.$1"
	wait
}
run_it out.plain env
for run in cold warm; do
	run_it out.$run preload
	expect_same out.plain out.$run
	expect_quiet err.out.$run
done
