#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

ckpt --help >help || fail 'ckpt --help fails'
mapfile -t commands < <(sed -n 's/^  \([a-z]*\)  *.*/\1/p' help)
[ ${#commands[@]} -ge 5 ] || fail "only ${#commands[@]} commands"
version=$(ckpt --version) || fail 'ckpt --version fails'
[[ $version =~ ^ckpt\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "version: $version"
for command in "${commands[@]}"; do
	ckpt "$command" --help >out || fail "$command --help fails"
	expect_match "usage: ckpt $command" out
	expect_equal "$command --version" "$version" \
		"$(ckpt "$command" --version)"
	ckpt "$command" --no-such-option >out 2>err.option
	expect_equal "$command --no-such-option" 2 $?
	[ ! -s out ] || fail "$command writes mistakes to stdout"
done
ckpt >out 2>err.none
expect_equal 'no command' 2 $?
ckpt no-such-command >out 2>err.none
expect_equal 'no such command' 2 $?
expect_match "no-such-command" err.none

# A full disk is a failure, not a success.
ckpt --help >/dev/full 2>err.full
expect_equal 'write to a full device' 1 $?
