#!/bin/bash
# SPDX-License-Identifier: MIT
# Library to library, library to program, and a library to its own exported
# function through its linkage table.
. "$(dirname "$0")/calls.sh"

compile_library f -fno-inline -fsemantic-interposition <<-EOF2
	int f(int x) { return 3 * x + 1; }
	int own(int x) { return f(x) + 1; }
EOF2
compile_library user -L. -lf -Wl,-rpath,. <<-EOF2
	int f(int);
	int user(int x) { return f(x) + 2; }
EOF2
compile library_to_library -L. -luser -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int user(int), own(int);
	int main(void) { printf("%d %d\n", user(1), own(2)); }
EOF2
expect_calls 2 ./library_to_library

compile_library caller <<-EOF2
	int f(int);
	int caller(int x) { return f(x) + 2; }
EOF2
# What the program calls itself is a direct call: not seen through slots.
compile library_to_program -rdynamic -L. -lcaller -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int caller(int);
	__attribute__((noinline)) int f(int x) { return 5 * x; }
	int main(void) { printf("%d %d\n", caller(1), caller(2)); }
EOF2
configure() {
	functions "$1
via = \"slot\"" f
}
expect_calls 2 ./library_to_program
