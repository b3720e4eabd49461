#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/forks" >plain
preload "$PROGRAMS/forks" >out 2>err.run
expect_same plain out
[ ! -s err.run ] || fail 'something was said'
expect_counted misses 2
expect_counted hits 3
expect_counted stored 2
