#!/bin/bash
# SPDX-License-Identifier: MIT
# Matrix products of numpy, and the whole C interface of BLAS level 3: every
# routine is a hit, and its hits are what it computes.
. "$(dirname "$0")/lib.sh"

mapfile -t names < <(sed -n 's/^name = "\(cblas_.*\)"/\1/p' \
	"$TOP/config/contracts/blas.toml")
expect_equal 'number of routines' 30 "${#names[@]}"
{
	echo 'use = ["blas"]'
	echo 'plan_wait = "1 min"'
	printf 'functions = ['
	printf '"%s", ' "${names[@]}"
	echo ']'
} >ckpt.toml
four_runs - /usr/bin/python3 "$TOP/tests/programs/cblas.py" 1
expect_counted refused 0
for name in "${names[@]}"; do
	jq -e --arg name "$name" 'any(.functions[];
		.name == $name and .hits > 0)' stats.json >/dev/null ||
		fail "$name had no hit"
done
# 0 times what C held is not read: another content is the same call.
ckpt run -- /usr/bin/python3 "$TOP/tests/programs/cblas.py" 7 >out 2>err.run
expect_same out out.plain
expect_warm
printf '[defaults]\nverify = 1\n' >>ckpt.toml
ckpt run -- /usr/bin/python3 "$TOP/tests/programs/cblas.py" 1 >out 2>err.verify
expect_same out out.plain
[ ! -s err.verify ] || fail 'a computed result differs from the kept one'
