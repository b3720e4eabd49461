#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions with random signatures, structs and contracts: what the program
# prints is the same plain, on misses, on hits, on hits that are verified, and
# where every call is bypassed.
. "$(dirname "$0")/lib.sh"

seeds='1 2'
[ ! "${CKPT_TEST_FULL-}" ] || seeds=$(seq 1 12)
command -v python3 >/dev/null || skip 'no python3'

expect_quiet() { # FILE
	[ ! -s "$1" ] || fail "seed $seed: something was said"
}

for seed in $seeds; do
	rm -rf .ckpt ./*
	level=-O$((seed % 3))
	python3 "$TOP/tests/run/random_calls.py" "$seed" 60 . ||
		fail "seed $seed: no program"
	"$CC" $level -g -w -fPIC -shared -o librandom.so \
		-Wl,-soname,librandom.so lib.c &&
		"$CC" $level -g -w -o program program.c -L. -lrandom \
			-Wl,-rpath,"$PWD" || fail "seed $seed: does not compile"
	./program 1 >plain || fail "seed $seed: the program fails"
	./program 7 >again
	expect_same plain again
	preload ./program 3 >out.cold 2>err.cold
	expect_same plain out.cold
	expect_quiet err.cold
	preload ./program 99 >out.warm 2>err.warm
	expect_same plain out.warm
	expect_quiet err.warm
	expect_warm
	expect_counted refused 0
	{
		printf '[defaults]\nverify = 1.0\n\n'
		cat ckpt.toml
	} >verify.toml
	CKPT_CONFIG=verify.toml preload ./program 5 >out.verified 2>err.verified
	expect_same plain out.verified
	expect_quiet err.verified
	sed 's/^name = "random_/bypass_if = "1 == 1"\n&/' ckpt.toml >bypass.toml
	CKPT_CONFIG=bypass.toml preload ./program 5 >out.bypassed \
		2>err.bypassed
	expect_same plain out.bypassed
	expect_quiet err.bypassed
done
