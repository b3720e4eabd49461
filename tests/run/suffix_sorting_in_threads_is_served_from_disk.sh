#!/bin/bash
# SPDX-License-Identifier: MIT
# andi sorts the suffixes of two genomes in two threads.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["divsufsort"]
functions = ["divsufsort"]
EOF
for i in 1 2; do
	awk -v seed=$i 'BEGIN {
		print ">sequence"
		s = 7
		for (i = 0; i < 4000; i++) {
			l = ""
			for (j = 0; j < 60; j++) {
				s = s * 16807 % 2147483647
				t = (i * 60 + j) % 97 == seed ? s + 1 : s
				l = l substr("ACGT", t % 4 + 1, 1)
			}
			print l
		}
	}' >g$i.fa
done
four_runs - andi -t 2 g1.fa g2.fa
expect_counted hits 2 divsufsort
