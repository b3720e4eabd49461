#!/bin/bash
# SPDX-License-Identifier: MIT
# A limit on file sizes (SIGXFSZ kills those who write), a full file system,
# a directory that cannot be made: the program runs on.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/sum" 2 1 2 >plain
# shellcheck disable=SC2016 # for the inner shell
preload bash -c 'ulimit -f 0; exec "$0" 2 1 2' "$PROGRAMS/sum" 2>/dev/null |
	cat >out
expect_equal 'exit status with a limit on file sizes' 0 "${PIPESTATUS[0]}"
expect_same plain out

sed -i '1i [cache]\ndirectory = "/proc/no/such"' ckpt.toml
preload "$PROGRAMS/sum" 2 1 2 >out 2>err.run
expect_equal 'exit status' 0 $?
expect_same plain out
expect_match '/proc/no/such' err.run
expect_equal 'messages' 1 "$(wc -l <err.run)"
