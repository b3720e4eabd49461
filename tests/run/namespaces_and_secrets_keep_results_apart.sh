#!/bin/bash
# SPDX-License-Identifier: MIT
# A namespace sees its own results only; caches with the secret of one file
# serve each other's, and one with another secret is refused by name.
. "$(dirname "$0")/lib.sh"

cache() { # LINES…
	{
		echo '[cache]'
		printf '%s\n' "$@"
		printf '[[function]]\nname = "sum_slowly"\n'
		printf 'memory.values = "[count]"\n'
	} >ckpt.toml
}
run() { # HITS VARIABLES…
	env LD_PRELOAD="$LIBRARY" "${@:2}" "$PROGRAMS/sum" 1 2 3 >out 2>err.run ||
		fail "the program ends with $?"
	expect_counted hits "$1"
}
cache
run 0
run 1
run 0 CKPT_NAMESPACE=one
run 1 CKPT_NAMESPACE=one
run 0 CKPT_NAMESPACE=two
run 1 CKPT_NAMESPACE=
cache 'namespace = "two"'
run 1
run 1 CKPT_NAMESPACE=one

# Two caches of one family.
head -c 32 /dev/urandom >secret
cache 'directory = "a"' 'secret_file = "secret"'
run 0
expect_match 'others can read or write the secret; run chmod go= on it' err.run
chmod 600 secret
run 0
run 1
cache 'directory = "b"' 'secret_file = "secret"' 'lower = ["a"]'
run 1
# Refused: the program runs as ever.
head -c 32 /dev/urandom >other
chmod 600 other
cache 'directory = "a"' 'secret_file = "other"'
env LD_PRELOAD="$LIBRARY" "$PROGRAMS/sum" 1 2 3 >out 2>err.run ||
	fail "the program ends with $?"
expect_match 'was made with another secret than that of .*/other' err.run
