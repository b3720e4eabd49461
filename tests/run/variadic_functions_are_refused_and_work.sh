#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <stdarg.h>
	double f(int count, ...)
	{
		double sum = 0;
		va_list ap;
		va_start(ap, count);
		for (int i = 0; i < count; i++)
			sum += i % 2 ? va_arg(ap, double) : va_arg(ap, int);
		va_end(ap);
		return sum;
	}
EOF2
compile main -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	double f(int, ...);
	int main(void)
	{
		printf("%g\n", f(12, 1, 2., 3, 4., 5, 6., 7, 8., 9, 10., 11, 12.));
	}
EOF2
printf '[[function]]\nname = "f"\n' >ckpt.toml
./main >out.plain
preload ./main >out.cold 2>err.cold
expect_same out.plain out.cold
expect_match 'f: .*variable number of arguments' err.cold
