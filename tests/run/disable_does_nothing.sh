#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/sum" 3 1 2 >plain
CKPT_DISABLE=1 preload "$PROGRAMS/sum" 3 1 2 >out 2>err.out
expect_same plain out
[ ! -s err.out ] || fail 'something was said'
[ ! -e .ckpt ] || fail 'a store was made'
ckpt run --disable -- "$PROGRAMS/sum" 3 1 2 >out
expect_same plain out
[ ! -e .ckpt ] || fail 'a store was made'
