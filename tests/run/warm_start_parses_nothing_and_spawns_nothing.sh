#!/bin/bash
# SPDX-License-Identifier: MIT
# With a plan at hand the library reads config, plan and store, looks at files
# only by their status, starts no process, and writes nothing but statistics.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

strace -o /dev/null true 2>err.strace || skip "strace cannot be used here"
build_sum
config <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
./sum 1 3 4 5 >plain
run_sum
run_sum
expect_warm

strace -f -o trace.plain ./sum 1 3 4 5 >/dev/null
strace -f -E LD_PRELOAD="$LIBRARY" -o trace ./sum 1 3 4 5 >out ||
	fail "sum failed under strace"
expect_same plain out
expect_no_match '\b(v?fork|clone3?|wait4|waitid|pidfd_open)\(' trace
expect_equal "programs started" 1 "$(grep -c 'execve(' trace)"

# Files whose content was read, beyond those of the plain run.
opened() { # TRACE
	grep -o 'open\(at\)\?([^)]*"[^"]*"[^)]*) = [0-9]' "$1" |
		sed 's/^[^"]*"\([^"]*\)".*/\1/' | sort -u
}
opened trace.plain >opened.plain
opened trace >opened
comm -13 opened.plain opened >new
# The store opens its files relative to its directory; whose run this is stands
# in the environment of the processes above.
grep -Ev '/libckpt\.so$|^(.*/)?ckpt\.toml$|/\.ckpt(/|$)|^/proc/|^/dev/urandom$' \
	new | grep -Ev '^(v1|meta|index|seg|big|runs|stats)(/|$)|^[0-9]+-[0-9a-f]+$' \
	>other
[ ! -s other ] || fail "a warm start reads: $(tr '\n' ' ' <other)"
expect_match '/\.ckpt/v1/plan/[0-9a-f]+\.plan$' new
expect_no_match '\.debug$|\.h$|contracts/' new
