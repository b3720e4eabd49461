#!/bin/bash
# SPDX-License-Identifier: MIT
# Plans are kept by the config's content: going back and forth plans once for
# each, and a config that is only touched is no new one.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
count_plans
config <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
./sum 1 3 4 5 >plain
run_sum
expect_plans "at first" 1
run_sum
expect_warm

cp ckpt.toml kept
printf 'store_if = "count < 2"\n' >extra
sed -i '/^name/r extra' ckpt.toml
run_sum
expect_same plain out
expect_plans "after an edit" 1

cat kept >ckpt.toml
run_sum
expect_same plain out
expect_plans "after the edit was taken back" 0
expect_warm
