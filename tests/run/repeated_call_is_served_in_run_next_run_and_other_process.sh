#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
program=$PROGRAMS/sum
"$program" 5 1 2 3 >plain

preload "$program" 5 1 2 3 >first
expect_same plain first
expect_counted misses 1
expect_counted hits 4

preload "$program" 5 1 2 3 >second
expect_same plain second
expect_counted misses 0
expect_counted hits 5

# Another program, in another directory, with the same library.
mkdir other
cp "$program" other/otherwise
cp "$PROGRAMS/libsum.so" other/
(cd other && CKPT_CONFIG=../ckpt.toml preload ./otherwise 2 1 2 3 >../third)
"$program" 2 1 2 3 >plain
expect_same plain third
expect_counted misses 0
expect_counted hits 2
