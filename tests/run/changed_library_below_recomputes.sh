#!/bin/bash
# SPDX-License-Identifier: MIT
# What a function calls in other libraries is part of its identity: through
# the linkage table, by what it is really bound to, down to the C runtime.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["f", "sine"]
EOF
build_below() { # BODY-OF-g OTHER
	compile_library below <<EOF
int other(int x) { return x - $2; }
int g(int x) { return $1; }
EOF
}
build_below 'x * 3' 1
compile_library f -L. -lbelow -lm -Wl,-rpath,. <<'EOF'
#include <math.h>
int g(int x);
int f(int x) { return g(x) + 1; }
double sine(double x) { return sin(x); }
EOF
compile main -L. -lf -Wl,-rpath-link,. -Wl,-rpath,. <<'EOF'
#include <stdio.h>
int f(int x);
double sine(double x);
int main(void)
{
	printf("%d %.17g\n", f(5), sine(0.5));
	return 0;
}
EOF
run() { # HITS-OF-f HITS-OF-sine
	./main >plain || fail 'the plain run failed'
	preload ./main >out 2>err.run || fail 'the preloaded run failed'
	expect_same plain out
	expect_counted hits "$1" f
	expect_counted hits "$2" sine
}
run 0 0
run 1 1
# Another body of the callee, and back.
build_below 'x * 4' 1
run 0 1
build_below 'x * 3' 1
run 1 1
# Something else in its library.
build_below 'x * 3' 2
run 1 1
# The same library from another directory.
mkdir elsewhere
cp libbelow.so libf.so elsewhere
LD_LIBRARY_PATH=elsewhere run 1 1
# A name that a library in front defines.
compile_library front <<'EOF'
int g(int x) { return x + 100; }
EOF
(
	preload() { LD_PRELOAD="$PWD/libfront.so $LIBRARY" "$@"; }
	LD_PRELOAD=$PWD/libfront.so ./main >plain
	preload ./main >out 2>err.run
	expect_same plain out
	expect_counted hits 0 f
) || exit 1
run 1 1
# One byte of the C runtime.
mkdir runtime
libm=$(ldd ./libf.so | sed -n 's/.*libm.so.6 => \([^ ]*\) .*/\1/p')
cp "$libm" runtime/libm.so.6
LD_LIBRARY_PATH=runtime run 1 1
offset=$((16#$(readelf -SW runtime/libm.so.6 |
	sed -n 's/.* \.rodata *PROGBITS *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')))
printf '\x5a' | dd of=runtime/libm.so.6 bs=1 seek=$((offset + 64)) \
	conv=notrunc status=none
LD_LIBRARY_PATH=runtime run 1 0
ckpt why sine >why
expect_match "^      library: libm.so.6: differs$" why
expect_no_match "one it calls, or a constant" why
