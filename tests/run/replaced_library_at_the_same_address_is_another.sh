#!/bin/bash
# SPDX-License-Identifier: MIT
# dlclose, then another library mapped where the first was: nothing of the
# first is believed of the second. And 2000 times open and close leak nothing.
. "$(dirname "$0")/calls.sh"

for number in 1 2; do
	compile_library f$number <<-EOF2
		int f(int x) { return $number * x + $number; }
	EOF2
done
compile_library none <<-EOF2
	int unrelated(int x) { return x; }
EOF2
compile main <<-'EOF2'
	#include <dlfcn.h>
	#include <stdio.h>
	#include <unistd.h>
	static int call(const char *name, int x)
	{
		void *handle = dlopen(name, RTLD_NOW);
		int (*f)(int) = dlsym(handle, "f");
		int result = f ? f(x) : -1;

		dlclose(handle);
		return result;
	}
	static long size(void)
	{
		FILE *file = fopen("/proc/self/statm", "r");
		long total = 0, resident = 0;

		if (fscanf(file, "%ld %ld", &total, &resident) != 2)
			return 0;
		fclose(file);
		return total;
	}
	int main(void)
	{
		long before, grown;
		int sum = 0;

		printf("%d ", call("./libf1.so", 1));
		printf("%d ", call("./libf2.so", 2));
		printf("%d ", call("./libnone.so", 2));
		printf("%d\n", call("./libf1.so", 3));
		for (int i = 0; i < 2000; i++) {
			if (i == 100)
				before = size();
			dlclose(dlopen(i % 2 ? "./libf1.so" : "./libf2.so",
				       RTLD_NOW));
		}
		grown = size() - before;
		printf("%s\n", grown < 64 ? "no leak" : "leak");
		return 0;
	}
EOF2
expect_calls 3 ./main
