#!/bin/bash
# SPDX-License-Identifier: MIT
# Without any config: the prototype from debug information, and the line to
# add for the pointer that no contract covers.
. "$(dirname "$0")/lib.sh"

ckpt inspect "$PROGRAMS/sum" sum_slowly >out 2>err.inspect
expect_equal 'exit status' 1 $?
expect_match 'sum_slowly.* in .*libsum\.so' out
expect_match 'double sum_slowly\(const int \*values, size_t count\)' out
expect_match 'debug info of .*libsum\.so' out
expect_match 'refused.*values' out
expect_match 'mix' out

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
ckpt inspect "$PROGRAMS/sum" >out 2>err.inspect || fail 'inspect fails'
expect_match 'can be checkpointed' out

ckpt inspect "$PROGRAMS/sum" no_such_function >out 2>err.inspect
expect_equal 'exit status for what is not there' 1 $?
expect_match 'no_such_function' out
ckpt inspect no-such-program f >out 2>err.inspect
expect_equal 'exit status without program' 1 $?
expect_match 'no-such-program' err.inspect
