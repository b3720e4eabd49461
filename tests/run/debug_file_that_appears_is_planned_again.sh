#!/bin/bash
# SPDX-License-Identifier: MIT
# A plan depends on files that were looked for in vain: types become known when
# the debug file of a stripped library is installed.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
count_plans
objcopy --only-keep-debug libsum.so libsum.debug
objcopy --strip-all --add-gnu-debuglink=libsum.debug libsum.so
mv libsum.debug away
config <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
./sum 1 3 4 5 >plain
ckpt run -- ./sum 1 3 4 5 >out 2>err.sum
expect_same plain out
expect_match 'sum_slowly' err.sum
expect_plans "at first" 1
ckpt run -- ./sum 1 3 4 5 >out 2>err.sum
expect_plans "while it is missing" 0

mv away libsum.debug
run_sum
expect_plans "when it appears" 1
run_sum
expect_same plain out
expect_plans "while it is there" 0
expect_warm
