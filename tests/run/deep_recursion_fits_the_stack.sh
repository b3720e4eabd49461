#!/bin/bash
# SPDX-License-Identifier: MIT
# A function that is cached and calls itself 60,000 deep, and two that call
# each other, need no more of the stack than an 8 MiB one has.
. "$(dirname "$0")/calls.sh"

compile_library f -fno-inline -fno-optimize-sibling-calls \
	-fsemantic-interposition <<-EOF2
	int f(int x) { return x <= 0 ? 1 : f(x - 1) + 1; }
	int h(int x);
	int g(int x) { return x <= 0 ? 1 : h(x - 1) + 1; }
	int h(int x) { return x <= 0 ? 1 : g(x - 1) + 1; }
EOF2
compile main -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int f(int), g(int);
	int main(void) { printf("%d %d\n", f(60000), g(60000)); }
EOF2
configure() {
	functions "$1" f g h
}
ulimit -s 8192
configure '' >ckpt.toml
./main >out.plain || fail plain
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
done
expect_counted hits 2
expect_counted misses 0
configure 'nested = true' >ckpt.toml
preload ./main >out.nested 2>err.nested
expect_same out.plain out.nested
