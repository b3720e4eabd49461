#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
full_only 'valgrind is slow'

config <<'EOF'
functions = ["r_*", "sum_slowly"]
EOF
# valgrind has no extended precision and no FP flags: its own plain run counts.
valgrind -q "$PROGRAMS/results" >plain 2>err.plain
for run in cold warm; do
	LD_PRELOAD=$LIBRARY valgrind -q --error-exitcode=99 --trace-children=no \
		"$PROGRAMS/results" >out 2>err.run
	expect_equal "$run: exit status" 0 $?
	expect_same plain out
done
[ "$(counted hits)" -gt 0 ] || fail 'no hits'
