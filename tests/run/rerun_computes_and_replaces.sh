#!/bin/bash
# SPDX-License-Identifier: MIT
# The function reads a file that its user promised not to change, and then
# changes: what is served tells which entry is there.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "first_number"
impure = "allow"
memory.path = "string"
EOF
echo 1 >number
preload "$PROGRAMS/number" number >out
expect_equal 'first run' 1 "$(cat out)"
echo 2 >number
preload "$PROGRAMS/number" number >out
expect_equal 'served' 1 "$(cat out)"
CKPT_RERUN=unrelated preload "$PROGRAMS/number" number >out
expect_equal 'other function rerun' 1 "$(cat out)"
CKPT_RERUN=first_number preload "$PROGRAMS/number" number >out
expect_equal 'rerun' 2 "$(cat out)"
preload "$PROGRAMS/number" number >out
expect_equal 'served after rerun' 2 "$(cat out)"

echo 3 >number
ckpt run --rerun '*' -- "$PROGRAMS/number" number >out
expect_equal 'rerun of all' 3 "$(cat out)"

# A call that fails leaves the old entry.
echo x >number
CKPT_RERUN=first_number preload "$PROGRAMS/number" number >out
expect_equal 'rerun that leaves by exit()' 'no number' "$(cat out)"
preload "$PROGRAMS/number" number >out
expect_equal 'served after a failed rerun' 3 "$(cat out)"
