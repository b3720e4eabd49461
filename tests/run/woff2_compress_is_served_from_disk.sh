#!/bin/bash
# SPDX-License-Identifier: MIT
# woff2_compress calls BrotliEncoderCompress(): the length is in and out.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["brotli"]
functions = ["BrotliEncoderCompress"]
EOF
cp /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf f.ttf
four_runs f.woff2 woff2_compress f.ttf
expect_counted hits 1 BrotliEncoderCompress
