#!/bin/bash
# SPDX-License-Identifier: MIT
# A contract that hides an input serves a wrong result; verify = 1 finds it at
# once, also in a process that calls the function only once.
. "$(dirname "$0")/lib.sh"

cat >f.c <<'EOF'
int f(const int *hidden, int n);
int f(const int *hidden, int n)
{
	volatile int spent = 0;
	for (int i = 0; i < 100000; i++)
		spent += i;
	return *hidden + n;
}
EOF
cat >main.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int f(const int *hidden, int n);
int main(int argc, char **argv)
{
	int hidden = argc > 1 ? atoi(argv[1]) : 0;
	printf("%d\n", f(&hidden, 1));
	return 0;
}
EOF
"$CC" -g -O2 -fPIC -shared -o libf.so f.c || fail compile
"$CC" -g -O2 -o main main.c -L. -lf -Wl,-rpath,. || fail compile
config <<'EOF'
[[function]]
name = "f"
verify = 1
[function.memory]
hidden = "ignore"
EOF

expect_equal 'computed' 11 "$(ckpt run -- ./main 10 2>err.cold)"
[ ! -s err.cold ] || fail 'something was said of the first run'
expect_equal 'computed again' 21 "$(ckpt run -- ./main 20 2>err.verified)"
expect_match 'f: .*gives another result: return' err.verified
expect_counted errors 1 f
expect_equal 'the entry was dropped' 31 "$(ckpt run -- ./main 30 2>err.dropped)"
expect_counted misses 1 f
expect_equal 'an equal result stays' 31 "$(ckpt run -- ./main 30 2>err.equal)"
[ ! -s err.equal ] || fail 'something was said of a right result'
expect_counted hits 1 f
