#!/bin/bash
# SPDX-License-Identifier: MIT
# Every routine of both contract libraries, called by scipy and by pointers:
# each is a hit, with the very results; then once more with every hit computed
# and compared. In one precision, in a full check in all four.
. "$(dirname "$0")/lib.sh"

program=$TOP/tests/programs/lapack.py

all_of() { # PRECISION
	local names name
	mapfile -t names < <(sed -n "s/^name = \"\\(${1}[a-z0-9]*_\\)\"/\\1/p" \
		"$TOP"/config/contracts/{lapack,blas}.toml)
	[ ${#names[@]} -gt 60 ] || fail "few routines in precision $1"
	rm -rf .ckpt
	{
		echo 'use = ["lapack", "blas"]'
		echo 'plan_wait = "1 min"'
		printf 'functions = ['
		printf '"%s", ' "${names[@]}"
		echo ']'
	} >ckpt.toml
	/usr/bin/python3 "$program" "$1" >out.plain 2>err.plain
	for run in cold warm; do
		ckpt run -- /usr/bin/python3 "$program" "$1" >out.$run 2>err.$run
		expect_same out.plain out.$run
		expect_same err.plain err.$run
	done
	expect_counted misses 0
	expect_counted refused 0
	for name in "${names[@]}"; do
		jq -e --arg name "$name" 'any(.functions[];
			.name == $name and .hits > 0)' stats.json >/dev/null ||
			fail "$name had no hit"
	done
	printf '[defaults]\nverify = 1\n' >>ckpt.toml
	ckpt run -- /usr/bin/python3 "$program" "$1" >out 2>err.verify
	expect_same out out.plain
	[ ! -s err.verify ] || fail 'a computed result differs from the kept one'
}

for precision in d ${CKPT_TEST_FULL:+s c z}; do
	all_of $precision
done
