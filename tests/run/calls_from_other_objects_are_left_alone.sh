#!/bin/bash
# SPDX-License-Identifier: MIT
# from = "PATTERN": only calls by objects of that name are served.
. "$(dirname "$0")/calls.sh"

compile_f
for name in one two; do
	compile_library $name -L. -lf -Wl,-rpath,. <<-EOF2
		int f(int);
		int $name(int x) { return f(x) + 2; }
	EOF2
done
compile main -D_GNU_SOURCE -L. -lone -ltwo -lf -Wl,-rpath,. <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int f(int), one(int), two(int);
	int main(void)
	{
		int (*found)(int) = dlsym(RTLD_DEFAULT, "f");

		printf("%d %d %d %d\n", f(1), one(2), two(3), found(4));
	}
EOF2
configure() {
	functions "$1
from = \"$from\"" f
}
from='libone.so'
expect_calls 1 ./main
from='lib*.so'
expect_calls 2 ./main
from='main'
expect_calls 2 ./main
