#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
umask 0
preload "$PROGRAMS/sum" 1 1 >out
expect_counted stored 1
expect_equal 'directories that others may enter' '' \
	"$(find .ckpt -type d -perm /077)"
expect_equal 'files that others may read' '' \
	"$(find .ckpt -type f -perm /077 -not -name .gitignore \
		-not -name CACHEDIR.TAG)"
expect_equal '.gitignore' '*' "$(cat .ckpt/.gitignore)"

# One that others can write to is not used.
chmod 0777 .ckpt/v1
"$PROGRAMS/sum" 1 2 >plain
preload "$PROGRAMS/sum" 1 2 >out 2>err.run
expect_same plain out
expect_match '\.ckpt' err.run
