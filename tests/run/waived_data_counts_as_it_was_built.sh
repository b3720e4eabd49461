#!/bin/bash
# SPDX-License-Identifier: MIT
# A section that a contract waives for the state in it holds tables as well
# (Fortran's DATA): a library built with other ones is another library, while
# what the program does to the section at run time still does not count.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
[[function]]
name = "f"
ignore_globals = [".data", ".bss"]
EOT
build() { # FACTOR
	compile_library f "-DFACTOR=$1" <<'EOT'
static int factors[4] = {1, 2, FACTOR, 4};
static int *used = factors;
int calls = 1;
void touch(int i) { factors[0] = i; calls++; }
int f(int x) { calls++; return x * used[x & 3] + factors[2]; }
EOT
}
build 3
compile main -L. -lf -Wl,-rpath,. <<'EOT'
#include <stdio.h>
int f(int x);
void touch(int i);
int main(void)
{
	printf("%d %d\n", f(5), f(6));
	touch(1);
	printf("%d\n", f(6));
}
EOT
three_runs 3 ./main
build 7
./main >plain
preload ./main >out
expect_same plain out
expect_counted misses 2
build 3
preload ./main >out
expect_same out.plain out
expect_counted misses 0
