#!/bin/bash
# SPDX-License-Identifier: MIT
# A planner that dies leaves a plan that says so: the program runs, without the
# cache, and the next start does not try again.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
config <<'EOT'
functions = ["sum_slowly"]
EOT
./sum 1 3 4 5 >plain
# `ckpt plan` sets itself a time limit first of all.
echo 'unsigned alarm(unsigned s) { return s / *(volatile unsigned *)0; }' |
	"$CC" -w -shared -fPIC -x c - -o fault.so || fail "no fault.so"
cat >planner <<EOT
#!/bin/bash
echo >>"$PWD/planned"
ulimit -c 0
LD_PRELOAD="$PWD/fault.so" exec "$BUILD/ckpt" "\$@"
EOT
chmod 755 planner
: >planned
export CKPT_PLANNER=$PWD/planner

preload ./sum 1 3 4 5 >out 2>err.sum || fail "sum failed"
expect_same plain out
expect_plans "at first" 1
expect_match 'planner died' err.sum
preload ./sum 1 3 4 5 >out 2>err.sum || fail "sum failed"
expect_same plain out
expect_plans "afterwards" 0
expect_match 'planner died' err.sum
