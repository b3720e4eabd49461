#!/bin/bash
# SPDX-License-Identifier: MIT
# An interposer that finds the real function with RTLD_NEXT still finds it, and
# that call is the one that is seen: the config says which library is meant.
. "$(dirname "$0")/calls.sh"

compile_f
compile_library wrap -D_GNU_SOURCE <<-EOF2
	#include <dlfcn.h>
	int f(int x)
	{
		int (*real)(int) = dlsym(RTLD_NEXT, "f");
		return real(x) + 1000;
	}
EOF2
compile main -Wl,--no-as-needed -L. -lwrap -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int f(int);
	int main(void) { printf("%d %d\n", f(1), f(2)); }
EOF2
configure() {
	functions "$1
object = \"libf.so\"" f
}
expect_calls 2 ./main
