#!/bin/bash
# SPDX-License-Identifier: MIT
# An indirect function (STT_GNU_IFUNC) by linkage table, address and dlsym: its
# resolver is never taken for the function.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	static int implementation(int x) { return 7 * x; }
	static void *pick(void) { return implementation; }
	int f(int) __attribute__((ifunc("pick")));
EOF2
for flags in -Wl,-z,lazy -Wl,-z,now -fno-plt; do
	compile main -D_GNU_SOURCE "$flags" -L. -lf -Wl,-rpath,. <<-EOF2
		#include <dlfcn.h>
		#include <stdio.h>
		int f(int);
		int main(void)
		{
			int (*volatile p)(int) = f;
			int (*found)(int) = dlsym(RTLD_DEFAULT, "f");

			printf("%d %d %d\n", f(1), p(2), found(3));
		}
	EOF2
	expect_calls 3 ./main || fail "$flags"
done
