#!/bin/bash
# SPDX-License-Identifier: MIT
# Shells and tools that do not have the function: nothing is said, and a later
# run starts no planner.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
helpers='for i in 1 2 3; do /bin/true; done; /bin/ls >/dev/null'
preload sh -c "$helpers" 2>err.run
[ ! -s err.run ] || fail 'something was said'
strace -f -e trace=execve -o trace -E LD_PRELOAD="$LIBRARY" sh -c "$helpers"
expect_no_match 'ckpt' trace
expect_equal 'programs started' 5 "$(grep -c 'execve(.*= 0' trace)"
# They look nothing up, so they are no run.
preload "$PROGRAMS/sum" 1 1 >out
preload sh -c "$helpers"
expect_counted misses 1
