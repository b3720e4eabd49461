#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF

"$PROGRAMS/sum" 1 1 2 3 >plain
ckpt run -- "$PROGRAMS/sum" 1 1 2 3 >/dev/null
ckpt fsck >out || fail 'damage in a sound store'
expect_match '1 results? in .* verified' out
segment=$(echo .ckpt/v1/seg/*)
size=$(stat -c %s "$segment")
# The last byte of the last record.
printf '\377' | dd of="$segment" bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
ckpt fsck >out && fail 'damage was not found'
expect_match '1 damaged' out
ckpt run -- "$PROGRAMS/sum" 1 1 2 3 >out
expect_same plain out
expect_counted hits 0
ckpt fsck >out || fail 'damage is still there after it was met'
ckpt run -- "$PROGRAMS/sum" 1 1 2 3 >out
expect_same plain out
expect_counted hits 1

printf '\377' | dd of="$segment" bs=1 seek=$(($(stat -c %s "$segment") - 1)) \
	conv=notrunc 2>/dev/null
ckpt fsck --fix >out || fail 'damage could not be removed'
expect_match 'damaged, removed' out
ckpt fsck >out || fail 'damage is still there'
