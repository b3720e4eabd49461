#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[cache]
max_entries = 10

[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
for i in {1..25}; do
	ckpt run -- "$PROGRAMS/sum" 1 "$i" >/dev/null
	count=$(ckpt list --json | jq '.entries | length')
	[ "$count" -le 11 ] || fail "$count entries, the limit is 10"
	[ "$count" -gt 0 ] || fail 'nothing is kept'
done
sed -i 's/10/5/' ckpt.toml
ckpt gc >out
[ "$(ckpt list --json | jq '.entries | length')" -le 5 ] ||
	fail 'gc left more than the limit'
ckpt clear >out
expect_equal 'entries' 0 "$(ckpt list --json | jq '.entries | length')"
ckpt fsck >out || fail 'a cleared store is damaged'
