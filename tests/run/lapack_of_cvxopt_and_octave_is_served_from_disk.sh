#!/bin/bash
# SPDX-License-Identifier: MIT
# Other callers of LAPACK: python3's cvxopt and octave, through their linkage
# tables. octave is large and not installed by the tests.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["lapack"]
plan_wait = "2 min"
functions = ["dsyevd_", "dgesvd_", "dsyev_"]
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

command -v octave-cli >/dev/null || skip 'without octave: it is not installed'
cat >svd.m <<'EOT'
n = 200;
A = reshape(mod((1:n*n) * 7919, 10007) / 10007, n, n);
[u, s, v] = svd(A);
printf("%.17g\n", u(1:20), diag(s), v(1:20), eig(A + A'));
EOT
four_runs - octave-cli --no-gui svd.m
expect_counted hits 1 dgesvd_
expect_counted hits 1 dsyev_
