#!/bin/bash
# SPDX-License-Identifier: MIT
# A call that is being recorded is left by longjmp 100,000 times (a million in
# check-full), also out of nested ones: no memory, no descriptor is lost, and
# later calls are stored and found.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <setjmp.h>
	jmp_buf out;
	int f(int x)
	{
		if (x < 0)
			longjmp(out, 1);
		return 3 * x;
	}
	int g(int x) { return f(x) + 1; }
EOF2
compile main -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <dirent.h>
	#include <setjmp.h>
	#include <stdio.h>
	#include <stdlib.h>
	extern jmp_buf out;
	int f(int), g(int);
	static int count_descriptors(void)
	{
		DIR *directory = opendir("/proc/self/fd");
		int count = 0;

		while (readdir(directory))
			count++;
		closedir(directory);
		return count;
	}
	static long size(void)
	{
		FILE *file = fopen("/proc/self/statm", "r");
		long total = 0;

		if (fscanf(file, "%ld", &total) != 1)
			return 0;
		fclose(file);
		return total;
	}
	int main(int count, char **arguments)
	{
		volatile long before = 0, descriptors = 0;
		long times = count > 1 ? atol(arguments[1]) : 1;

		printf("%d\n", f(1));
		for (volatile long i = 0; i < times; i++) {
			if (i == 100) {
				before = size();
				descriptors = count_descriptors();
			}
			if (!setjmp(out))
				printf("%d\n", i % 2 ? f(-1) : g(-2));
		}
		printf("%s\n", size() - before < 64 ? "no leak" : "leak");
		printf("%d\n", (int)(count_descriptors() - descriptors));
		printf("%d %d\n", f(2), g(3));
	}
EOF2
configure() {
	functions "$1
ignore_globals = [\"out\"]" f g
}
times=100000
[ ! "${CKPT_TEST_FULL-}" ] || times=1000000
configure '' >ckpt.toml
./main $times >out.plain
for run in cold warm; do
	preload ./main $times >out.$run 2>err.$run
	expect_same out.plain out.$run
	expect_quiet err.$run
done
expect_counted hits 3
