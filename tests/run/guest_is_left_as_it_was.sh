#!/bin/bash
# SPDX-License-Identifier: MIT
# No child to wait for, no signal, no descriptor, no handler, no changed limit:
# with the planner at start and at dlopen (cold), and without (warm).
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
export LD_LIBRARY_PATH=$PROGRAMS CKPT_CONFIG=$PWD/ckpt.toml
four_runs - "$PROGRAMS/guest"
expect_counted hits 2

# The same for a host that ignores SIGCHLD.
rm -rf .ckpt
(
	trap '' CHLD
	"$PROGRAMS/guest" >ignoring.plain
	preload "$PROGRAMS/guest" >ignoring.cold 2>err.cold
)
expect_same ignoring.plain ignoring.cold
expect_counted misses 1
