#!/bin/bash
# SPDX-License-Identifier: MIT
# f@V1 and f@@V2 in one library, called by dlvsym and through the linkage
# table: each is its own original.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["f"]
EOF
cat >f.map <<'EOF'
V1 { global: f; local: *; };
V2 { global: f; } V1;
EOF
compile_library f -Wl,--version-script=f.map <<'EOF'
__asm__(".symver f_old,f@V1");
__asm__(".symver f_new,f@@V2");
int f_old(int x) { return x + 100; }
int f_new(int x) { return x + 200; }
EOF
compile main -L. -lf -ldl -Wl,-rpath,"$PWD" <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int f(int);
__asm__(".symver f_first,f@V1");
int f_first(int);
int main(void)
{
	int (*old)(int), (*new)(int);
	*(void **)&old = dlvsym(RTLD_DEFAULT, "f", "V1");
	*(void **)&new = dlvsym(RTLD_DEFAULT, "f", "V2");
	printf("%d %d %d %d\n", f(1), f_first(1), old(2), new(2));
	return 0;
}
EOF
three_runs 4 ./main
