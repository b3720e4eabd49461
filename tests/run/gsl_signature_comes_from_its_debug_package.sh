#!/bin/bash
# SPDX-License-Identifier: MIT
# The config has contracts only; what the types are is in libgsl-dbg's
# separate debug file. Called from perl's extension module.
. "$(dirname "$0")/lib.sh"

cp "$TOP/tests/programs/gsl.pl" .
config <<'EOF'
use = ["gsl"]
functions = ["gsl_linalg_SV_decomp"]
EOF
! grep -n '^signature' "$TOP/config/contracts/gsl.toml" ||
	fail 'the contract library has a signature'
four_runs - /usr/bin/perl gsl.pl
expect_counted hits 1 gsl_linalg_SV_decomp
