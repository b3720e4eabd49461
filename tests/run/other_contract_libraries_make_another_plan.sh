#!/bin/bash
# SPDX-License-Identifier: MIT
# CKPT_CONTRACTS says where contract libraries are: another directory, another
# plan, though no file has changed.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
count_plans
mkdir one two
cat >one/mylib.toml <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
sed 's/\[count\]/[cuont]/' one/mylib.toml >two/mylib.toml
config <<'EOT'
use = ["mylib"]
functions = ["sum_slowly"]
EOT
./sum 1 3 4 5 >plain
export CKPT_CONTRACTS=$PWD/one
run_sum
expect_same plain out
expect_plans "for the first directory" 1
CKPT_CONTRACTS=$PWD/two ckpt run -- ./sum 1 3 4 5 >out 2>err.sum
expect_same plain out
expect_plans "for the second directory" 1
expect_match 'cuont' err.sum
run_sum
expect_same plain out
expect_plans "back in the first" 0
expect_warm
