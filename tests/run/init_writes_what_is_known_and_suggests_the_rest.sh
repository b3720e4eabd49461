#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

ckpt init mkpasswd >out || fail 'init without functions fails'
expect_match '^crypt .*libcrypt\.so\.1 .*use = \["crypt"\]' out

# What a contract library knows needs no more.
ckpt init mkpasswd crypt >out || fail 'init fails'
ckpt check mkpasswd >out || fail "check does not accept it: $(cat out)"
cp ckpt.toml before
ckpt init mkpasswd crypt_r >out 2>err.again
expect_equal 'exit status where there is one' 1 $?
expect_match 'ckpt\.toml' err.again
expect_same before ckpt.toml
rm ckpt.toml

# From a prototype: suggestions, none of them active.
ckpt init --output sum.toml "$PROGRAMS/sum" sum_slowly no_such >out ||
	fail 'init fails'
expect_match '^# double sum_slowly\(const int \*values, size_t count\)' sum.toml
expect_match '^# "values" = "\[count\]"' sum.toml
expect_match '^# no_such: ' sum.toml
ckpt check --config sum.toml "$PROGRAMS/sum" >out &&
	fail 'a suggestion was taken unseen'
expect_match 'values' out
sed -i 's/^# \("values"\)/\1/' sum.toml
ckpt check --config sum.toml "$PROGRAMS/sum" >out ||
	fail "check does not accept it: $(cat out)"
