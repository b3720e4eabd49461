#!/bin/bash
# SPDX-License-Identifier: MIT
# Every library that ships can be shown; a wrong name gets the nearest one.
. "$(dirname "$0")/lib.sh"

for file in "$TOP"/config/contracts/*.toml; do
	name=$(basename "$file" .toml)
	ckpt inspect --contracts "$name" >out 2>err.show || fail "no $name"
	functions=$(grep -c '^\[\[function\]\]' "$file")
	types=$(grep -c '^\[\[type\]\]' "$file")
	blocks=$(grep -c '^$' out)
	expect_equal "blocks of $name" $((functions + types)) "$blocks"
done
ckpt inspect --contracts crypt >out
expect_match '^    char \*crypt\(const char \*phrase, const char \*setting\)$' out
expect_match '^    return +string secret static$' out
ckpt inspect --contracts lapak >out 2>err.wrong
expect_equal 'exit status of a wrong name' 1 $?
expect_match "no contract library 'lapak'; did you mean 'lapack'" err.wrong
