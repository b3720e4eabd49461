#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
[[function]]
name = "no_such_function"
EOF
preload "$PROGRAMS/sum" 3 1 2 >out 2>err.run
ckpt stats --json >stats.json || fail 'stats fails'
expect_equal 'stats' '{"name":"sum_slowly","object":"libsum.so","hits":2,"misses":1,"stored":1,"bypassed":0,"refused":0,"errors":0}' \
	"$(jq -c '.functions[] | select(.name == "sum_slowly") |
		del(.saved_seconds)' stats.json)"
expect_equal 'type of saved_seconds' number \
	"$(jq -r '.functions[0].saved_seconds | type' stats.json)"

ckpt check --json "$PROGRAMS/sum" >check.json
expect_equal 'check of what is not there' 1 $?
expect_equal 'check' 'sum_slowly true no_such_function false' \
	"$(jq -r '[.programs[0].functions[] | .name, .ok] | join(" ")' \
		check.json)"

ckpt inspect --json "$PROGRAMS/sum" sum_slowly >inspect.json ||
	fail 'inspect fails'
expect_equal 'signature' \
	'double sum_slowly(const int *values, size_t count)' \
	"$(jq -r '.functions[0].signature' inspect.json)"
expect_equal 'callees' 'mix' \
	"$(jq -r '.functions[0].depends_on[] |
		select(.kind == "code" and .name == "mix") | .name' \
		inspect.json)"
