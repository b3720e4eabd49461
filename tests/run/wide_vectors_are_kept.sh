#!/bin/bash
# SPDX-License-Identifier: MIT
# __m256 and __m512 arguments and results come through whole.
. "$(dirname "$0")/calls.sh"

cat >f.c <<'EOC'
typedef double wide __attribute__((vector_size(WIDTH)));
wide f(wide a, int b, wide c) { return a * b + c; }
EOC
cat >main.c <<'EOC'
#include <stdio.h>
typedef double wide __attribute__((vector_size(WIDTH)));
wide f(wide a, int b, wide c);
int main(void)
{
	wide a, c, r;

	for (int i = 0; i < WIDTH / 8; i++)
		a[i] = i + 0.5, c[i] = 100 * i;
	r = f(a, 3, c);
	for (int i = 0; i < WIDTH / 8; i++)
		printf("%g ", r[i]);
	return 0;
}
EOC
configure() {
	printf '[[function]]\nname = "f"\n%s\n' "$1"
}
try() { # FEATURE WIDTH FLAG
	grep -qw "$1" /proc/cpuinfo || return 0
	gcc -O2 -g "$3" -DWIDTH="$2" -fPIC -shared -o libf.so f.c || fail f
	gcc -O2 -g "$3" -DWIDTH="$2" -o main main.c -L. -lf -Wl,-rpath,. ||
		fail main
	expect_calls 1 ./main || fail "$3"
}
try avx 32 -mavx
try avx512f 64 -mavx512f
