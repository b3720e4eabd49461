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
