#!/bin/bash
# SPDX-License-Identifier: MIT
# Drivers of each kind, one in each precision, called by scipy through tables
# of pointers in its extension modules.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["lapack", "blas"]
plan_wait = "2 min"
functions = [
	"dgesv_", "sgelsd_", "zheevd_", "cgesdd_", "dgees_", "zgetrf_",
	"ssyevr_", "zgemm_", "dtrsm_",
]
EOT
four_runs - /usr/bin/python3 "$TOP/tests/programs/lapack.py" sdcz
for function in dgesv sgelsd zheevd cgesdd dgees zgetrf ssyevr zgemm dtrsm; do
	[ "$(counted hits ${function}_)" -ge 1 ] || fail "$function had no hit"
done
