#!/bin/bash
# SPDX-License-Identifier: MIT
# An indirect function (STT_GNU_IFUNC) by linkage table, address and dlsym, and
# from its own object, by words that name no symbol (IRELATIVE): its resolver is
# never taken for the function.
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

# Static, in a library and in a program, position-independent or not.
cat >own.c <<-EOF2
	static int implementation(int x) { return 7 * x; }
	static void *pick(void) { return implementation; }
	static int f(int) __attribute__((ifunc("pick")));
	int (*address(void))(int) { return f; }
	int own(int x) { return f(x) + address()(x + 10); }
EOF2
cat >main.c <<-EOF2
	#include <stdio.h>
	int own(int);
	int main(void)
	{
		printf("%d\n", own(4));
		return 0;
	}
EOF2
for flags in -Wl,-z,lazy '-Wl,-z,now -fno-plt' '-fno-pie -no-pie' \
	'-fno-pie -no-pie -Wl,-z,now'; do
	# shellcheck disable=SC2086 # flags are words
	"$CC" -O1 -g -o main main.c own.c $flags || fail "$flags"
	expect_calls 2 ./main || fail "program, $flags"
done
"$CC" -O1 -g -fPIC -shared -o libown.so own.c || fail library
"$CC" -O1 -g -o main main.c -L. -lown -Wl,-rpath,. || fail program
expect_calls 2 ./main || fail library

# The loader's tunables can make a resolver choose otherwise: another key.
expect_calls 2 ./main
configure '' >ckpt.toml
GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2_Usable preload ./main >out.other
expect_same out.plain out.other
expect_counted misses 2
