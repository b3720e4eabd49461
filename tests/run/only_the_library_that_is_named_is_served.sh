#!/bin/bash
# SPDX-License-Identifier: MIT
# Two libraries with a function of the same name, chosen by a dispatcher.
. "$(dirname "$0")/calls.sh"

for name in one two; do
	compile_library $name <<-EOF2
		int f(int x) { return x + sizeof("$name") * 100 + '${name:0:1}'; }
	EOF2
done
compile main <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int main(void)
	{
		void *one = dlopen("./libone.so", RTLD_NOW);
		void *two = dlopen("./libtwo.so", RTLD_NOW);
		int (*f1)(int) = dlsym(one, "f"), (*f2)(int) = dlsym(two, "f");

		printf("%d %d %d\n", f1(1), f2(2), f2(3));
	}
EOF2
configure() {
	functions "$1
object = \"libtwo.so\"" f
}
expect_calls 2 ./main
