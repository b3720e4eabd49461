#!/bin/bash
# SPDX-License-Identifier: MIT
# A function of the program is passed to one of a library: the globals that it
# reads are inputs, and what it prints is not lost.
. "$(dirname "$0")/lib.sh"

compile_library apply <<'EOF'
int apply(int (*f)(int), int x) { return f(x) + 1; }
EOF
compile main -L. -lapply -Wl,-rpath,. <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int apply(int (*f)(int), int x);
static int offset;
static int add(int x) { return x + offset; }
static int say(int x) { puts("said"); return x; }
int main(int argc, char **argv)
{
	offset = argc > 1 ? atoi(argv[1]) : 0;
	printf("%d\n", apply(argc > 2 ? say : add, 5));
}
EOF
config <<'EOF'
[[function]]
name = "apply"
indirect = "object"
memory.f = "code"
EOF
three_runs 1 ./main 1
three_runs 1 ./main 2
./main 1 say >out.plain
for run in cold warm; do
	preload ./main 1 say >out.$run 2>err.$run
	expect_same out.plain out.$run
	expect_match 'calls puts while it is recorded \(main -> puts\)' err.$run
done
expect_counted stored 0

# The library keeps it in a variable of its own, with types and without: one
# that does nothing is as good as none, any other is refused.
for kind in -g -s; do
	rm -rf .ckpt
	compile_library hook $kind <<-'EOF'
		static void quiet(int x) { (void)x; }
		static void (*hook)(int) = quiet;
		void set_hook(void (*f)(int)) { hook = f; }
		int work(int x) { hook(x); return x * 2; }
	EOF
	compile main -L. -lhook -Wl,-rpath,. <<-'EOF'
		#include <stdio.h>
		void set_hook(void (*f)(int));
		int work(int x);
		static void nothing(int x) { (void)x; }
		static void say(int x) { printf("said %d\n", x); }
		int main(int argc, char **argv)
		{
			(void)argv;
			if (argc > 1)
				set_hook(argc > 2 ? say : nothing);
			printf("%d\n", work(5));
		}
	EOF
	config <<-'EOF'
		[[function]]
		name = "work"
		signature = "int work(int x)"
		indirect = "object"
	EOF
	three_runs 1 ./main
	three_runs 1 ./main nothing
	./main say something >out.plain
	for run in cold warm; do
		preload ./main say something >out.$run 2>err.$run
		expect_same out.plain out.$run
		expect_counted hits 0
		expect_match 'a global leads to a function of another object' \
			err.$run
	done
done
