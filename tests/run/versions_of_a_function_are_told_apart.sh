#!/bin/bash
# SPDX-License-Identifier: MIT
# f@V1 and f@@V2 are two functions, with results of their own.
. "$(dirname "$0")/calls.sh"

echo 'V1 { f; }; V2 { f; } V1;' >versions.map
compile_library f -Wl,--version-script=versions.map <<-EOF2
	__asm__(".symver old, f@V1");
	__asm__(".symver new, f@@V2");
	int old(int x) { return x + 100; }
	int new(int x) { return x + 200; }
EOF2
compile_library user -L. -lf -Wl,-rpath,. <<-EOF2
	__asm__(".symver f, f@V1");
	int f(int);
	int user(int x) { return f(x); }
EOF2
compile main -D_GNU_SOURCE -L. -luser -lf -Wl,-rpath,. <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int f(int), user(int);
	int main(void)
	{
		int (*v1)(int) = dlvsym(RTLD_DEFAULT, "f", "V1");
		int (*v2)(int) = dlvsym(RTLD_DEFAULT, "f", "V2");

		printf("%d %d %d %d\n", f(1), user(1), v1(2), v2(2));
	}
EOF2
expect_calls 4 ./main
