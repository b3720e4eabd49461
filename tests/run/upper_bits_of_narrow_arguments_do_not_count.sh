#!/bin/bash
# SPDX-License-Identifier: MIT
# What stands above a char, short, bool or int in its register is no input:
# calls that differ in it alone share a record.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <stdbool.h>
	int f(char a, short b, bool c, int d, float e)
	{
		return a + 2 * b + 3 * c + 4 * d + (int)e;
	}
EOF2
compile main -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <stdio.h>
	int f(char, short, _Bool, int, float);
	static int call(long above)
	{
		/* Arguments 1, 2, 1, 4 and 5.0f, with something above them. */
		long a = above << 8 | 1, b = above << 16 | 2, c = above << 8 | 1;
		long d = above << 32 | 4, e = above << 32 | 0x40a00000;
		int result;

		__asm__ volatile("movq %5, %%xmm0\n"
				 "call *%6"
				 : "=a"(result)
				 : "D"(a), "S"(b), "d"(c), "c"(d), "r"(e),
				   "r"(f)
				 : "r8", "r9", "r10", "r11", "xmm0", "xmm1",
				   "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
				   "xmm7", "memory", "cc");
		return result;
	}
	int main(void)
	{
		printf("%d %d %d\n", call(0), call(0x123456), call(-1));
	}
EOF2
printf '[[function]]\nname = "f"\n' >ckpt.toml
./main >out.plain
preload ./main >out.cold
expect_same out.plain out.cold
expect_counted misses 1
expect_counted hits 2
