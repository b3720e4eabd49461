#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

for library in lapack blas; do
	"$TOP/tools/contracts/lapack" $library >$library.toml ||
		fail "cannot write $library"
	expect_same $library.toml "$TOP/config/contracts/$library.toml"
done
