#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "sum_slowly"
memory.values = "[count]"
EOF

ckpt run -- "$PROGRAMS/sum" 1 4 5 >/dev/null
ckpt run -- "$PROGRAMS/sum" 1 4 5 >/dev/null
ckpt report >out
expect_match 'ckpt-report.html' out
expect_match 'sum_slowly' ckpt-report.html
expect_match '<svg' ckpt-report.html
for part in 'Calls that were not served' 'Most useful results' 'Largest results'; do
	expect_match "$part" ckpt-report.html
done
expect_match 'prefers-color-scheme: dark' ckpt-report.html
expect_no_match '(src|href)=|https?://|@import|url\(' ckpt-report.html
ckpt report - >again
expect_match '</html>' again
