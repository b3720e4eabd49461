#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
preload "$PROGRAMS/sum" 1 1 >out
preload "$PROGRAMS/sum" 1 1 >out
expect_counted hits 1
ckpt clear >out || fail 'ckpt clear fails'
preload "$PROGRAMS/sum" 1 1 >out
expect_counted misses 1
preload "$PROGRAMS/sum" 1 1 >out
expect_counted hits 1
