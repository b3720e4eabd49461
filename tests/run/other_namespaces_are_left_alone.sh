#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/calls.sh"

compile_f
compile main -D_GNU_SOURCE -L. -lf -Wl,-rpath,. <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int f(int);
	int main(void)
	{
		void *other = dlmopen(LM_ID_NEWLM, "./libf.so", RTLD_NOW);
		int (*g)(int) = other ? dlsym(other, "f") : NULL;

		printf("%d %d\n", f(1), g ? g(2) : -1);
	}
EOF2
expect_calls 1 ./main
