#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
for run in cold warm; do
	preload "$PROGRAMS/sum" 1 1 >"out.$run" 2>"err.$run"
	[ ! -s "err.$run" ] || fail "$run: something was said"
done
CKPT_LOG=info preload "$PROGRAMS/sum" 1 1 >out 2>err.run
expect_same out.cold out
expect_match 'sum_slowly' err.run
expect_match '1 hit' err.run
CKPT_LOG=info:$PWD/log preload "$PROGRAMS/sum" 1 1 >out 2>err.run
[ ! -s err.run ] || fail 'the log is on stderr'
expect_match 'sum_slowly' log
