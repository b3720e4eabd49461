#!/bin/bash
# SPDX-License-Identifier: MIT
# A library built anew: recomputed if the code, a constant, a table, a string
# or a callee differs, and if not, not. Older versions find their entries.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
cp "$PROGRAMS/sum" .
version() { # FLAGS…
	"$CC" -O2 -g -fPIC -shared -Wl,-soname,libsum.so -o new.so "$@" \
		"$TOP/tests/programs/libsum.c" || fail 'cannot compile'
	mv new.so libsum.so
}
expect_run() { # COUNTER FLAGS…
	version "${@:2}"
	./sum 1 1 2 3 >plain
	preload ./sum 1 1 2 3 >out 2>err.run
	expect_same plain out
	[ "$(counted "$1")" = 1 ] || fail "no $1 with ${*:2}"
}
expect_run misses
expect_run hits
expect_run misses -DSTEP=5
expect_run misses -DFACTOR=3.75
expect_run misses -DTABLE=9
expect_run misses '-DTEXT="other"'
expect_run misses -DCALLEE=1
expect_run hits
expect_run hits -DSTEP=5
expect_run hits -DUNRELATED
expect_run hits -Dmix=blend -Dround=turn -Dtable=numbers
expect_run hits -Wl,-z,max-page-size=65536
