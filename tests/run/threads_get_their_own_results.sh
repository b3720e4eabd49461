#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["r_large", "r_short", "r_double"]
EOF
"$PROGRAMS/threads" >plain
for run in cold warm again; do
	preload "$PROGRAMS/threads" >out 2>err.run
	expect_equal 'exit status' 0 $?
	expect_same plain out
done
