#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF

ckpt run -- "$PROGRAMS/sum" 1 4 5 >plain
ckpt export results >out
expect_match '^1 results? written' out
ckpt export --with-secret secret >/dev/null
expect_equal 'mode of an export' 600 "$(stat -c %a secret)"

# A new store is of another family: useless, and said so.
export CKPT_DIR=$PWD/other
ckpt import results 2>err && fail 'keys of another secret were imported'
expect_match 'no secret' err
ckpt import secret >out
expect_match '^1 results stored' out
ckpt import results >out
expect_match '1 were there already' out
ckpt run -- "$PROGRAMS/sum" 1 4 5 >out
expect_same plain out
expect_warm

rm -rf other
ckpt run -- "$PROGRAMS/sum" 1 9 >/dev/null
ckpt import secret 2>err && fail 'keys of another secret were imported'
expect_match 'another secret' err
head -c 500 secret >short
CKPT_DIR=$PWD/third ckpt import short 2>err && fail 'a cut file was imported'
expect_match 'cut' err
