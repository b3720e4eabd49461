#!/bin/bash
# SPDX-License-Identifier: MIT
# liblinear's train() has the most common of names. Its solvers draw the order
# of samples with rand(), which the calls that follow see, too.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["liblinear"]
functions = ["train", "cross_validation"]
EOF
awk 'BEGIN {
	s = 1
	for (i = 0; i < 2000; i++) {
		l = i % 2 ? "+1" : "-1"
		for (j = 1; j <= 10; j++) {
			s = s * 16807 % 2147483647
			l = l sprintf(" %d:%.6f", j, s / 2147483647 + i % 2 / 5)
		}
		print l
	}
}' >train.txt
four_runs m.model liblinear-train -q -s 2 train.txt m.model
expect_counted hits 1 train

# Where BLAS has threads of its own, what rand() gives next cannot be kept.
liblinear-train -q -s 1 -c 100 train.txt plain.model
for run in cold warm; do
	ckpt run -- liblinear-train -q -s 1 -c 100 train.txt m.model 2>err.$run
	expect_same plain.model m.model
	expect_counted hits 0
done
[ ! -s err.cold ] || expect_match 'rand.*process with one thread' err.cold

rm -rf .ckpt
export OPENBLAS_NUM_THREADS=1
four_runs m.model liblinear-train -q -s 1 -c 100 train.txt m.model
expect_counted hits 1 train
four_runs - liblinear-train -q -s 1 -v 5 train.txt
expect_counted hits 1 cross_validation
