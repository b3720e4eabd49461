#!/bin/bash
# SPDX-License-Identifier: MIT
# once: an owner that leaves its call by an exception, longjmp (also out of a
# signal handler), thread exit or cancellation frees its key at once, though
# its thread makes no further call; so does one that is killed and leaves a
# child. By slot and by entry.
. "$(dirname "$0")/calls.sh"

command -v c++ >/dev/null || skip 'no C++ compiler'

# f waits until the other one waits, then leaves as it is told to; the next
# call computes. It is noted when it left.
cat >f.cc <<-'EOF2'
	#include <csetjmp>
	#include <csignal>
	#include <pthread.h>
	#include <unistd.h>
	#include "f.h"
	volatile int way;
	volatile long long left_ns;
	sigjmp_buf out;
	long long now_ns()
	{
		timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		return t.tv_sec * 1000000000ll + t.tv_nsec;
	}
	static void handler(int) { siglongjmp(out, 1); }
	extern "C" int f(int x)
	{
		int how = way;

		if (!how)
			return 3 * x;
		way = 0;
		usleep(30000);
		left_ns = now_ns();
		switch (how) {
		case 1: throw x;
		case 2: siglongjmp(out, 1);
		case 3: signal(SIGUSR1, handler); raise(SIGUSR1); break;
		case 4: pthread_exit(nullptr);
		case 5: pthread_cancel(pthread_self()); pthread_testcancel();
		}
		return 0;
	}
EOF2
cat >f.h <<-'EOF2'
	#include <csetjmp>
	#include <ctime>
	extern volatile int way;
	extern volatile long long left_ns;
	extern sigjmp_buf out;
	long long now_ns();
	extern "C" int f(int);
EOF2
# The owner lives on for a while when it has left, and makes no call.
cat >main.cc <<-'EOF2'
	#include <cstdio>
	#include <pthread.h>
	#include <unistd.h>
	#include "f.h"
	static volatile bool is_over;
	static void linger(void *)
	{
		for (int i = 0; i < 200 && !is_over; i++)
			usleep(10000);
	}
	static void *own(void *)
	{
		pthread_cleanup_push(linger, nullptr);
		if (!sigsetjmp(out, 1))
			try { f(way); } catch (int) { }
		pthread_cleanup_pop(1);
		return nullptr;
	}
	int main()
	{
		for (int how = 1; how <= 5; how++) {
			pthread_t owner;
			int result;

			is_over = false;
			way = how;
			pthread_create(&owner, nullptr, own, nullptr);
			while (way)
				usleep(1000);
			result = f(how);
			fprintf(stderr, "%lld ms\n",
				(now_ns() - left_ns) / 1000000);
			is_over = true;
			pthread_join(owner, nullptr);
			printf("%d\n", result);
		}
	}
EOF2
configure() {
	functions 'impure = "allow"
ignore_globals = ["way", "left_ns", "out"]
once = "processes"
indirect = "object"
'"$1" f
}
check() {
	rm -rf .ckpt
	preload ./main >out 2>err.main || fail "$1: status $?"
	expect_equal "results, $1" '3 6 9 12 15' "$(paste -sd' ' out)"
	expect_equal "measured, $1" 5 "$(grep -c ' ms$' err.main)"
	! grep -v ' ms$' err.main || fail "$1: more on standard error"
	expect_counted misses 10
	expect_counted stored 5
	# 50 ms on an idle machine.
	awk '$1 > 400 { exit 1 }' err.main || fail "$1: freed too late"
}
configure '' >ckpt.toml
c++ -O1 -g -fPIC -shared -o libf.so f.cc || fail library
c++ -O1 -g -o main main.cc -L. -lf -Wl,-rpath,. -lpthread || fail program
check slot
c++ -O1 -g -o main main.cc f.cc -lpthread || fail program
check entry

# Killed, with a living child that has a copy of its lock, and nobody who
# waits for it.
compile_library g <<-'EOF2'
	#include <signal.h>
	#include <unistd.h>
	int g(int x)
	{
		if (access("kill", F_OK) == 0) {
			unlink("kill");
			usleep(100000);
			if (!fork())
				sleep(5);
			else
				raise(SIGKILL);
		}
		return 3 * x;
	}
EOF2
compile again -L. -lg -Wl,-rpath,. <<-'EOF2'
	#include <stdio.h>
	#include <sys/wait.h>
	#include <time.h>
	#include <unistd.h>
	int g(int);
	int main(void)
	{
		pid_t owner = fork();
		siginfo_t info;
		struct timespec a, b;
		int result, status;

		if (!owner)
			return g(7) & 0;
		usleep(50000);
		if (fork()) {
			waitid(P_PID, owner, &info, WEXITED | WNOWAIT);
			clock_gettime(CLOCK_MONOTONIC, &a);
			result = g(7);
			clock_gettime(CLOCK_MONOTONIC, &b);
			printf("%d\n", result);
			fprintf(stderr, "%ld ms\n",
				(b.tv_sec - a.tv_sec) * 1000 +
				(b.tv_nsec - a.tv_nsec) / 1000000);
			return 0;
		}
		return g(7) != 21;
	}
EOF2
functions 'impure = "allow"
once = "processes"' g >ckpt.toml
touch kill
preload ./again >out 2>err.again
expect_equal 'result after a killed owner' 21 "$(cat out)"
awk '$1 > 400 { exit 1 }' err.again || fail 'freed too late'
