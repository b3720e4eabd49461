#!/bin/bash
# SPDX-License-Identifier: MIT
# swapcontext out of a call that is being recorded, other calls on another
# stack, and back: each gets its own result; the warm run gives the same.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <ucontext.h>
	ucontext_t contexts[2];
	int f(int x)
	{
		/* x in tens: on which stack; switch twice in the middle. */
		if (x % 10 < 5) {
			swapcontext(&contexts[x / 10], &contexts[1 - x / 10]);
			return 7 * x;
		}
		return 3 * x;
	}
EOF2
compile main -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <stdio.h>
	#include <ucontext.h>
	extern ucontext_t contexts[2];
	int f(int);
	static char stack[1 << 17];
	static int other_done;
	static void other(void)
	{
		for (int i = 10; i < 18; i++)
			printf("other %d\n", f(i));
		other_done = 1;
	}
	int main(void)
	{
		getcontext(&contexts[1]);
		contexts[1].uc_stack.ss_sp = stack;
		contexts[1].uc_stack.ss_size = sizeof(stack);
		contexts[1].uc_link = &contexts[0];
		makecontext(&contexts[1], other, 0);
		for (int i = 0; i < 8; i++)
			printf("main %d\n", f(i));
		return !other_done;
	}
EOF2
waived='ignore_globals = ["contexts"]'
configure "bypass_if = \"x % 10 < 5\"
$waived" >ckpt.toml
./main >out.plain
# Switching is an effect that a record cannot hold: those calls pass by, and so
# do not disturb the others.
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
done
expect_counted hits 3
# Recording them is the user's mistake, but must not end the program.
configure "$waived" >ckpt.toml
preload ./main >out.recorded 2>err.recorded
expect_same out.plain out.recorded
