#!/bin/bash
# SPDX-License-Identifier: MIT
# LD_PRELOAD cannot carry a path with spaces or colons.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
mkdir "a b" "a b/c:d" run
cp "$BUILD/ckpt" "$LIBRARY" "a b/c:d/"
export XDG_RUNTIME_DIR=$PWD/run
"$PROGRAMS/sum" 1 1 2 >plain
for run in cold warm; do
	"a b/c:d/ckpt" run -- "$PROGRAMS/sum" 1 1 2 >out 2>err.run
	expect_equal 'exit status' 0 $?
	expect_same plain out
	[ ! -s err.run ] || fail "$run: something was said"
done
expect_counted hits 1
