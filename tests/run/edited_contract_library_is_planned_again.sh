#!/bin/bash
# SPDX-License-Identifier: MIT
# A plan depends on the contract libraries its config uses.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
count_plans
cat >mylib.toml <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
config <<'EOT'
use = ["./mylib.toml"]
functions = ["sum_slowly"]
EOT
./sum 1 3 4 5 >plain
run_sum
expect_same plain out
expect_plans "at first" 1
run_sum
expect_plans "while nothing changes" 0
expect_warm

# The same contract in other words: the plan is new, the results hold.
sed -i 's/\[count\]/in [count]/' mylib.toml
run_sum
expect_same plain out
expect_plans "after an edit" 1

# A contract that does not fit is seen at once.
sed -i 's/in \[count\]/[cuont]/' mylib.toml
./sum 1 3 4 5 >plain
ckpt run -- ./sum 1 3 4 5 >out 2>err.sum
expect_same plain out
expect_match 'cuont' err.sum
expect_plans "after a mistake" 1
ckpt run -- ./sum 1 3 4 5 >out 2>err.sum
expect_match 'cuont' err.sum
expect_plans "while the mistake stays" 0
