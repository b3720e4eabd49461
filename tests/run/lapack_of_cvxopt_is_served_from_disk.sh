#!/bin/bash
# SPDX-License-Identifier: MIT
# Another caller of LAPACK: python3's cvxopt, through its linkage table.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["lapack"]
plan_wait = "2 min"
functions = ["dsyevd_"]
EOT
cat >eigen.py <<'EOT'
from cvxopt import lapack, matrix
n = 200
a = matrix([i * 7919 % 10007 / 10007 for i in range(n * n)], (n, n))
b = a + a.T
w = matrix(0.0, (n, 1))
lapack.syevd(b, w, jobz="V")
print(list(w), list(b)[:n])
EOT
four_runs - /usr/bin/python3 eigen.py
expect_counted hits 1 dsyevd_
