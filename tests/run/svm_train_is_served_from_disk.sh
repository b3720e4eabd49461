#!/bin/bash
# SPDX-License-Identifier: MIT
# svm-train: nested structs in, a graph of blocks out whose support vectors
# point into the input; a function that calls another checkpointed one. Without
# -q the call prints, and is not recorded.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["libsvm"]
functions = ["svm_train", "svm_cross_validation"]
EOF
awk 'BEGIN {
	s = 1
	for (i = 0; i < 3000; i++) {
		r = 0; l = ""
		for (j = 1; j <= 20; j++) {
			s = s * 16807 % 2147483647
			v = s / 1073741823.5 - 1
			if (j < 11) r += v * v
			l = l sprintf(" %d:%.6f", j, v)
		}
		s = s * 16807 % 2147483647
		print (r + s / 1073741823.5 - 1 > 3.33 ? "+1" : "-1") l
	}
}' >svm.txt
four_runs m.model svm-train -q svm.txt m.model
expect_counted hits 1 svm_train
MALLOC_PERTURB_=85 ckpt run -- svm-train -q svm.txt m.model
expect_same m.model file.plain

four_runs - svm-train -q -v 5 svm.txt
expect_counted hits 1 svm_cross_validation

svm-train svm.txt m.model >out.printing
for run in cold warm; do
	ckpt run -- svm-train svm.txt m.model >"out.$run" 2>"err.$run"
	expect_same out.printing "out.$run"
	expect_counted stored 0
	expect_counted hits 0
done
