# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For scenarios about plans: a program with its own copy of a library, and a
# planner that keeps count.

# The program of tests/programs/sum.c with libsum.so, both here; flags go to
# the library. The library has the debug info, unless stripped.
build_sum() { # [FLAGS…]
	"$CC" -O2 -g -fPIC -shared -Wl,-soname,libsum.so -o libsum.so "$@" \
		"$TOP/tests/programs/libsum.c" || fail "no libsum.so"
	[ -e sum ] || "$CC" -O2 -o sum "$TOP/tests/programs/sum.c" libsum.so \
		-Wl,-rpath,"$PWD" || fail "no sum"
}

# Puts a line into `planned` each time it is run.
count_plans() {
	cat >planner <<-EOF
		#!/bin/sh
		echo >>"$PWD/planned"
		exec "$BUILD/ckpt" "\$@"
	EOF
	chmod 755 planner
	: >planned
	export CKPT_PLANNER=$PWD/planner
}

expect_plans() { # WHEN TIMES: so many since the last time
	expect_equal "plans made $1" "$2" "$(wc -l <planned)"
	: >planned
}

run_sum() { # into `out`
	ckpt run -- ./sum 1 3 4 5 >out 2>err.sum || fail "sum failed"
	[ ! -s err.sum ] || fail "sum wrote to standard error"
}
