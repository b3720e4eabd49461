#!/bin/bash
# SPDX-License-Identifier: MIT
# A pointer without a contract: told once and the call goes through (warn), not
# told (ignore), told and aborted (raise). The call is never made up.
. "$(dirname "$0")/lib.sh"

"$PROGRAMS/sum" 3 1 2 >plain
on_error() {
	config <<EOF
[[function]]
name = "sum_slowly"
on_error = "$1"
EOF
	preload "$PROGRAMS/sum" 3 1 2 >out 2>err.out
}

on_error warn
expect_equal 'exit status' 0 $?
expect_same plain out
expect_match 'sum_slowly' err.out
expect_match 'values' err.out
expect_equal 'messages' 1 "$(grep -c sum_slowly err.out)"

on_error ignore
expect_equal 'exit status' 0 $?
expect_same plain out
[ ! -s err.out ] || fail 'something was said'

on_error raise 2>/dev/null
expect_equal 'exit status' $((128 + 6)) $?
expect_match 'sum_slowly.*values' err.out

# [defaults] holds for functions that say nothing themselves.
config <<'EOF'
functions = ["sum_slowly"]
[defaults]
on_error = "ignore"
EOF
preload "$PROGRAMS/sum" 3 1 2 >out 2>err.out
expect_same plain out
[ ! -s err.out ] || fail 'on_error in [defaults] has no effect'
