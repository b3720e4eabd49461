#!/bin/bash
# SPDX-License-Identifier: MIT
# Fortran: scalars by pointer, leading dimensions, workspace queries; numpy
# calls through its linkage table, scipy through words of its data.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["lapack"]
functions = ["dgesdd_", "dsyevd_", "dgees_"]
EOF
cat >la.py <<'EOF'
import hashlib
import numpy as np
import scipy.linalg as L
n = 400
A = ((np.arange(n * n, dtype=float) * 7919) % 10007 / 10007).reshape(n, n)
u, s, v = np.linalg.svd(A)
w, q = np.linalg.eigh(A + A.T)
T, Z = L.schur(A[:200, :200])
print(hashlib.sha256(b"".join(np.ascontiguousarray(z).tobytes()
	for z in (u, s, v, w, q, T, Z))).hexdigest())
EOF
four_runs - /usr/bin/python3 la.py
for function in dgesdd_ dsyevd_ dgees_; do
	expect_counted hits 1 $function
done
