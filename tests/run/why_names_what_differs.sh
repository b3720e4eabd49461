#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
cp "$PROGRAMS/sum" "$PROGRAMS/libsum.so" .
why() { # ARGUMENTS…
	sleep 1 # results are told apart by seconds
	preload ./sum 1 "$@" >/dev/null
	ckpt why sum_slowly >why || fail 'ckpt why fails'
}
ckpt why >why
expect_match 'nothing has been recorded' why
why 1 2 3
expect_match 'no other result' why
why 1 2 4
expect_match 'values\[2\]: 4, was 3' why
expect_no_match 'count|code' why
why 1 2 4 5
expect_match 'count: 4, was 3' why
expect_match 'values: 16 bytes, were 12' why

"$CC" -O2 -g -fPIC -shared -Wl,-soname,libsum.so -DFACTOR=3.75 -o new \
	"$TOP/tests/programs/libsum.c" && mv new libsum.so
why 1 2 4 5
expect_match 'code: ' why
expect_match 'code: a constant of sum_slowly in libsum.so: differs' why
expect_no_match 'values|count' why
ckpt why --json --count 9 >why.json
expect_equal 'results in JSON' 4 "$(jq '.results | length' why.json)"
