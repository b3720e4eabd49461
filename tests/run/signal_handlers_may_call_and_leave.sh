#!/bin/bash
# SPDX-License-Identifier: MIT
# Handlers that call f while f is being looked up, leave it by siglongjmp, and
# run on a small stack of their own: results are right, and later calls hit.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <setjmp.h>
	#include <signal.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <sys/auxv.h>
	#include <sys/time.h>
	#include <unistd.h>
	int f(int);
	static sigjmp_buf out;
	static volatile sig_atomic_t handled, wrong, leave;
	static void handle(int signal)
	{
		int x = handled++ % 50;

		(void)signal;
		if (f(x) != 3 * x + 1)
			wrong = 1;
		if (leave && handled % 3 == 0)
			siglongjmp(out, 1);
	}
	static void run(int until)
	{
		for (volatile int i = 0; handled < until; i++) {
			if (sigsetjmp(out, 1))
				continue;
			if (f(i % 100) != 3 * (i % 100) + 1)
				wrong = 1;
		}
	}
	int main(void)
	{
		size_t size = getauxval(AT_MINSIGSTKSZ) + 8192;
		stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
		struct sigaction action = {.sa_handler = handle};
		struct itimerval timer = {{0, 300}, {0, 300}};

		for (int i = 0; i < 100; i++)
			f(i);
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
		run(500);
		sigaltstack(&stack, NULL);
		action.sa_flags = SA_ONSTACK;
		sigaction(SIGALRM, &action, NULL);
		run(1000);
		leave = 1;
		run(1500);
		timer = (struct itimerval){0};
		setitimer(ITIMER_REAL, &timer, NULL);
		for (int i = 0; i < 100; i++)
			if (f(i) != 3 * i + 1)
				wrong = 1;
		printf("%s\n", wrong ? "wrong" : "right");
		return 0;
	}
EOF2
configure '' >ckpt.toml
for run in cold warm; do
	preload ./main >out.$run 2>err.$run || fail "$run: status $?"
	expect_equal "$run" right "$(cat out.$run)"
	expect_quiet err.$run
done
expect_counted misses 0
