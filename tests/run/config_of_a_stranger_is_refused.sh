#!/bin/bash
# SPDX-License-Identifier: MIT
# A preload must not be steered by a directory that others can write; a config
# that was named is taken.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF
"$PROGRAMS/sum" 2 1 >plain

refused() { # WHAT
	preload "$PROGRAMS/sum" 2 1 >out 2>err.run
	expect_same plain out
	expect_match 'ckpt\.toml' err.run
	[ ! -e .ckpt ] || fail "$1: a store was made"
	ckpt check >out 2>&1 && fail "$1: ckpt check accepts it"
	expect_match 'ckpt\.toml' out
}
chmod g+w ckpt.toml
refused 'writable by the group'
chmod 0646 ckpt.toml
refused 'writable by others'
chmod 0644 ckpt.toml
if [ "$(id -u)" = 0 ]; then
	chown nobody ckpt.toml
	refused "another user's"
fi

CKPT_CONFIG=$PWD/ckpt.toml preload "$PROGRAMS/sum" 2 1 >out 2>err.run
expect_same plain out
expect_counted_named() {
	CKPT_CONFIG=$PWD/ckpt.toml expect_counted "$@"
}
expect_counted_named stored 1
