#!/bin/bash
# SPDX-License-Identifier: MIT
# octave calls LAPACK through the linkage table of its library. It is large, and
# installed for a full check only.
. "$(dirname "$0")/lib.sh"
command -v octave-cli >/dev/null || skip 'octave is not installed'

config <<'EOT'
use = ["lapack"]
plan_wait = "2 min"
functions = ["dgesvd_", "dsyev_"]
EOT
cat >svd.m <<'EOT'
n = 200;
A = reshape(mod((1:n*n) * 7919, 10007) / 10007, n, n);
[u, s, v] = svd(A);
printf("%.17g\n", u(1:20), diag(s), v(1:20), eig(A + A'));
EOT
four_runs - octave-cli --no-gui svd.m
expect_counted hits 1 dgesvd_
expect_counted hits 1 dsyev_
