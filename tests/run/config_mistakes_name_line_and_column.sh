#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

expect_mistake() { # PLACE REGEX, config from stdin
	config
	ckpt check >out 2>err.check && fail "check accepts: $(cat ckpt.toml)"
	cat out >>err.check
	expect_match "ckpt\\.toml:$1: .*$2" err.check
}
expect_mistake 1:1 'functions' <<'EOF'
funtions = ["crypt"]
EOF
expect_mistake 3:1 'memory' <<'EOF'
[[function]]
name = "crypt"
memroy = {}
EOF
expect_mistake 1:1 'in \[\[function\]\], or in \[defaults\] for all' <<'EOF'
on_error = "warn"
EOF
expect_mistake 2:12 'warn' <<'EOF'
[defaults]
on_error = "wran"
EOF
expect_mistake '2:[0-9]+' '' <<'EOF'
[cache]
directory =
EOF
expect_mistake '4:[0-9]+' '' <<'EOF'
[[function]]
name = "crypt"
[function.memory]
"key" = "[n"
EOF

# The program runs all the same, and its user is told once.
printf 'funtions = ["crypt"]\n' >ckpt.toml
"$PROGRAMS/sum" 2 1 >plain
preload "$PROGRAMS/sum" 2 1 >out 2>err.run
expect_equal 'exit status' 0 $?
expect_same plain out
expect_match 'ckpt\.toml:1:1: .*functions' err.run
