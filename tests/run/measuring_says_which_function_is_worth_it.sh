#!/bin/bash
# SPDX-License-Identifier: MIT
# ckpt init --measure on stock programs: the function that takes the time is
# named, with a config that serves it; the output stays the program's own.
. "$(dirname "$0")/lib.sh"

row() { # NAME JQ
	jq -r --arg name "$1" ".functions[] | select(.name == \$name) | $2" \
		err.measure
}

expect_row() { # NAME JQ EXPECTED
	expect_equal "$2 of $1" "$3" "$(row "$1" "$2")"
}

measure() { # COMMAND…
	"$@" >out.plain 2>err.plain </dev/null
	expect_equal 'plain exit status' 0 $?
	ckpt init --measure --json -- "$@" >out.measure 2>err.measure </dev/null
	expect_equal 'exit status of init' 0 $?
	expect_same out.plain out.measure
}

# A function with a contract, called once: nothing repeats, all would be saved.
command=(mkpasswd -m sha512crypt -R 200000 -S abcdefgh secret)
measure "${command[@]}"
expect_row crypt .calls 1
expect_row crypt .library crypt
expect_row crypt .repeated 0
expect_row crypt '.seconds > 0.01' true
expect_row crypt '.saves_next > 0.8 * .seconds' true
expect_row crypt '.impure_calls' 0
ckpt check mkpasswd >out || fail "check does not accept it: $(cat out)"
expect_match '^  "crypt",' ckpt.toml
four_runs - "${command[@]}"

# What is there is not overwritten, and that is told.
cp ckpt.toml before
ckpt init --measure "${command[@]}" >out.measure 2>err.again
expect_equal 'exit status where there is one' 1 $?
expect_same out.plain out.measure
expect_match ' +1 .* crypt in libcrypt' err.again
expect_match 'ckpt\.toml: File exists' err.again
expect_same before ckpt.toml
rm -rf ckpt.toml .ckpt

# A graph of results; one function inside another. Printing from inside a call
# is seen, and nothing active is written for it.
awk 'BEGIN { for (i = 0; i < 600; i++) {
	printf "%s", i % 2 ? "+1" : "-1"
	for (j = 1; j <= 8; j++)
		printf " %d:%.3f", j, (i * 7919 * j % 10007) / 10007
	print "" } }' >data
measure svm-train -q -v 3 data
expect_row svm_cross_validation .calls 1
expect_row svm_train .calls 3
expect_row svm_train '.covered > 0.9' true
expect_match '"svm_cross_validation"' ckpt.toml
expect_no_match '^ *"svm_train"' ckpt.toml
rm ckpt.toml
ckpt init --measure --json svm-train data model >out 2>err.measure
expect_row svm_train .calls 1
expect_row svm_train '.impure_calls' 1
expect_row svm_train '.saves_next' 0
[ ! -e ckpt.toml ] || expect_no_match '^ *"svm_train"' ckpt.toml
rm -f ckpt.toml

# The same key again, in threads, forked children and other programs alike.
ckpt init --measure --output - --json sh -c '
	for i in 1 2 3; do
		mkpasswd -m sha512crypt -R 20000 -S abcdefgh secret
	done' >out 2>err.measure || fail 'init fails on a script'
expect_row crypt .calls 3
expect_row crypt .repeated 2

# How the program ended is told; what cannot be measured is not run.
ckpt init --measure --output none sh -c 'exit 3' 2>err.exit
expect_match '^sh exited with status 3' err.exit
ckpt init --measure --output none sh -c 'kill -9 $$' 2>err.exit
expect_match '^sh was ended by signal 9' err.exit
ckpt init --measure no-such-program 2>err.exit
expect_equal 'exit status without a program' 1 $?
expect_match 'no-such-program' err.exit
