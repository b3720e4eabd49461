#!/bin/bash
# SPDX-License-Identifier: MIT
# For each miss of the last run: the nearest result recorded before it, and
# the argument, the code or the contract that differs.
. "$(dirname "$0")/lib.sh"

config <<'END'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
END
cp "$PROGRAMS/sum" "$PROGRAMS/libsum.so" .
why() { # ARGUMENTS…
	preload ./sum 1 "$@" >/dev/null
	ckpt why sum_slowly >why || fail 'ckpt why fails'
}
ckpt why >why
expect_match 'nothing has been looked up' why
why 1 2 3
expect_match 'no other result' why
why 1 2 4
expect_match 'values\[2\]: 4, was 3' why
expect_no_match 'count|code' why
why 1 2 4
expect_match '^no call missed in the last run; 1 hit' why
why 1 2 4 5
expect_match 'count: 4, was 3' why
expect_match 'values: 16 bytes, were 12' why
ckpt why other_function >why
expect_match 'other_function was not called in the last run' why

"$CC" -O2 -g -fPIC -shared -Wl,-soname,libsum.so -DFACTOR=3.75 -o new \
	"$TOP/tests/programs/libsum.c" && mv new libsum.so
why 1 2 4 5
expect_match 'code: a constant of sum_slowly in libsum.so: differs' why
expect_no_match 'values|count' why
ckpt why --json >why.json
expect_equal 'misses in JSON' 1 "$(jq '.misses | length' why.json)"
expect_equal 'cause in JSON' no-entry "$(jq -r '.misses[0].cause' why.json)"
ckpt run --rerun sum_slowly ./sum 1 1 2 4 5 >/dev/null
ckpt why >why
expect_match 'it was to be run' why
