#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
for arguments in '1 2 3' '1 2 4' '1 2' '1 2 3 0' '3 2 1'; do
	# shellcheck disable=SC2086 # words are arguments
	{
		"$PROGRAMS/sum" 1 $arguments >plain
		preload "$PROGRAMS/sum" 1 $arguments >out
	}
	expect_same plain out
	expect_counted misses 1
	expect_counted hits 0
done
