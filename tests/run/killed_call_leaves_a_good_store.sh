#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 while the function runs: nothing of it is recorded, and the next run
# records it.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/sum" 1 4 >plain
preload "$PROGRAMS/sum" 1 9 >/dev/null
for delay in 0.005 0.010 0.015 0.020; do
	LD_PRELOAD=$LIBRARY timeout -s KILL $delay "$PROGRAMS/sum" 500 4 \
		>/dev/null 2>&1
done 2>/dev/null
preload "$PROGRAMS/sum" 1 4 >out 2>err.run
expect_same plain out
[ ! -s err.run ] || fail 'something was said'
preload "$PROGRAMS/sum" 1 4 >out 2>err.run
expect_same plain out
expect_counted hits 1
