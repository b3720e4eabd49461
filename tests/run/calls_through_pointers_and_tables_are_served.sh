#!/bin/bash
# SPDX-License-Identifier: MIT
# Tables of function pointers in the program and in a library, an address that
# is taken and compared, a call from the library that defines the function.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["twice"]
EOF
compile_library twice <<'EOF'
int twice(int x) { return 2 * x; }
int own_call(int x) { return twice(x) + 1; }
EOF
compile_library table -L. -ltwice <<'EOF'
int twice(int);
static int (*const table[])(int) = {twice, twice};
int (*address(void))(int) { return twice; }
int by_table(int x) { return table[x % 2](x); }
EOF
cat >main.c <<'EOF'
#include <stdio.h>
int twice(int), own_call(int), by_table(int);
int (*address(void))(int);
static int (*const table[])(int) = {twice, twice};
int main(void)
{
	printf("%d %d %d %d %d\n", twice(1), table[1](2), by_table(3),
	       address()(4), own_call(5));
	printf("equal %d\n", address() == twice && table[0] == twice);
	return 0;
}
EOF
for flags in '-fPIE -pie' '-fno-pie -no-pie' '-fPIE -pie -fno-plt'; do
	rm -rf .ckpt
	# shellcheck disable=SC2086 # flags are words
	compile main $flags -L. -ltable -ltwice -Wl,-rpath,"$PWD" <main.c
	three_runs 5 ./main
done
