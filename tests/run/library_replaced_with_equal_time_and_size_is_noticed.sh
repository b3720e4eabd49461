#!/bin/bash
# SPDX-License-Identifier: MIT
# A new build of a library with the size and the time of the old one.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum -DCALLEE=1
config <<'EOT'
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
count_plans
cp -p libsum.so first
./sum 1 3 4 5 >plain
run_sum
expect_same plain out
run_sum
expect_same plain out
expect_plans "for the first library" 1

replace() { # FILE HOW: with the time of the file it replaces
	touch -r libsum.so stamp
	expect_equal "the size" "$(stat -c %s libsum.so)" "$(stat -c %s "$1")"
	case $2 in
	renamed) cp "$1" new && touch -r stamp new && mv new libsum.so ;;
	overwritten) cat "$1" >libsum.so && touch -r stamp libsum.so ;;
	esac
	expect_equal "the time" "$(stat -c %Y stamp)" "$(stat -c %Y libsum.so)"
}

cp first libsum.so # so that build_sum writes a new file
build_sum -DCALLEE=2
mv libsum.so second
cp -p first libsum.so
run_sum
: >planned

replace second renamed
./sum 1 3 4 5 >plain.second
! cmp -s plain plain.second || fail "both libraries compute the same"
run_sum
expect_same plain.second out
expect_plans "for another file" 1

replace first overwritten
run_sum
expect_same plain out
expect_plans "for another content" 1
