#!/bin/bash
# SPDX-License-Identifier: MIT
# liblinear's train() has the most common of names.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["liblinear"]
functions = ["train"]
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
liblinear-train -q -s 2 train.txt plain.model || fail 'no liblinear-train'
for run in cold warm; do
	ckpt run -- liblinear-train -q -s 2 train.txt m.model 2>err.run
	expect_same plain.model m.model
done
expect_counted hits 1 train
