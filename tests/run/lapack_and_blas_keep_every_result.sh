#!/bin/bash
# SPDX-License-Identifier: MIT
# All routines of both contract libraries that scipy has wrappers for, some at
# a time; then once more with every hit computed and compared.
. "$(dirname "$0")/lib.sh"
full_only 'all of LAPACK takes minutes'

program=$TOP/tests/programs/lapack.py

some() { # PRECISION FUNCTION…
	local precision=$1
	shift
	rm -rf .ckpt
	{
		echo 'use = ["lapack", "blas"]'
		echo 'plan_wait = "5 min"'
		printf 'functions = ['
		printf '"%s", ' "$@"
		echo ']'
	} >base.toml
	cp base.toml ckpt.toml
	four_runs - /usr/bin/python3 "$program" "$precision"
	{
		cat base.toml
		printf '[defaults]\nverify = 1\n'
	} >ckpt.toml
	ckpt run -- /usr/bin/python3 "$program" "$precision" >out 2>err.verify
	expect_same out out.plain
	[ ! -s err.verify ] || fail 'a computed result differs from the kept one'
}

for precision in s d c z; do
	mapfile -t names < <(sed -n "s/^name = \"\\(${precision}[a-z0-9]*_\\)\"/\\1/p" \
		"$TOP"/config/contracts/{lapack,blas}.toml)
	[ ${#names[@]} -gt 40 ] || fail "few routines in precision $precision"
	for ((i = 0; i < ${#names[@]}; i += 15)); do
		some $precision "${names[@]:i:15}"
	done
done
