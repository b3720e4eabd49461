#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF

for i in 1 2 3; do
	ckpt run -- "$PROGRAMS/sum" 1 "$i" 7 >/dev/null
done
ckpt list >list
expect_match 'sum_slowly \(libsum.so\)' list
expect_equal 'entries' 3 "$(ckpt list --json | jq '.entries | length')"
expect_equal 'entries of another function' 0 \
	"$(ckpt list --json --function other | jq '.entries | length')"
expect_equal 'entries of a day ago' 0 \
	"$(ckpt list --json --older-than 1d | jq '.entries | length')"
expect_equal 'entries shown' 2 \
	"$(ckpt list --json --limit 2 --sort time | jq '.entries | length')"
ckpt run -- "$PROGRAMS/sum" 1 2 7 >/dev/null
ckpt run -- "$PROGRAMS/sum" 1 2 7 >/dev/null
ckpt run -- "$PROGRAMS/sum" 1 3 7 >/dev/null
expect_equal 'hits, most first' '2 1 0' \
	"$(ckpt list --json --sort hits | jq -r '[.entries[].hits] | join(" ")')"
ckpt list --json --sort saved |
	jq -e '.entries[0] | .hits == 2 and .saved_seconds > .seconds' >out ||
	fail 'the most useful result is another'
key=$(ckpt list --json | jq -r '.entries[0].key')

ckpt show "${key:0:10}" >show
expect_match "$key" show
expect_match 'sum_slowly' show
expect_match 'checksum right' show
size=$(ckpt show --json "$key" | jq .recorded_bytes)
ckpt show --raw "$key" >raw
expect_equal 'raw bytes' "$size" "$(stat -c %s raw)"

ckpt rm "$key" >out
expect_match '^1 result removed' out
! ckpt show "$key" 2>err || fail 'it is still there'
! ckpt rm "$key" >out || fail 'what is not there was removed'
expect_equal 'entries' 2 "$(ckpt list --json | jq '.entries | length')"
# What was removed is computed again, what was not is found.
for i in 1 2 3; do
	ckpt run -- "$PROGRAMS/sum" 1 "$i" 7 >/dev/null
	counted hits >>hits
done
expect_equal 'hits' 2 "$(awk '{n += $1} END {print n}' hits)"
ckpt rm --function sum_slowly >out
expect_match '^3 results removed' out
expect_equal 'entries' 0 "$(ckpt list --json | jq '.entries | length')"
for bad in 'rm' 'rm xyz' 'rm ab' 'show' 'list --sort colour' \
	'list --older-than soon'; do
	# shellcheck disable=SC2086
	ckpt $bad 2>err.bad
	expect_equal "status of ckpt $bad" 2 $?
done
