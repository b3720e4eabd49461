#!/bin/bash
# SPDX-License-Identifier: MIT
# Calls by constructors of needed libraries, before main, by atexit handlers and
# destructors: seen and right. Those by constructors of an opened library come
# before dlopen returns: right, seen only if that slot was patched already.
. "$(dirname "$0")/calls.sh"

compile_f
compile_library early -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int f(int);
	__attribute__((constructor)) static void start(void)
	{
		printf("early %d\n", f(1));
	}
	__attribute__((destructor)) static void end(void)
	{
		printf("late %d\n", f(2));
	}
EOF2
compile main -Wl,--no-as-needed -L. -learly -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	#include <stdlib.h>
	int f(int);
	static void at_exit(void) { printf("exit %d\n", f(3)); }
	__attribute__((constructor)) static void start(void)
	{
		printf("constructor %d\n", f(4));
	}
	static void before(void) { printf("before %d\n", f(5)); }
	__attribute__((section(".preinit_array"), used))
	static void (*preinit)(void) = before;
	int main(void)
	{
		atexit(at_exit);
		printf("main %d\n", f(6));
	}
EOF2
expect_calls 6 ./main

compile opener <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int main(void)
	{
		void *handle = dlopen("./libearly.so", RTLD_NOW);
		return handle ? dlclose(handle) : 1;
	}
EOF2
configure '' >ckpt.toml
./opener >out.plain
for run in cold warm; do
	preload ./opener >out.$run
	expect_same out.plain out.$run
done
