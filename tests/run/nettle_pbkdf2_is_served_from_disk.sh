#!/bin/bash
# SPDX-License-Identifier: MIT
# nettle-pbkdf2: buffers in and out, with their lengths among the arguments.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["nettle"]
functions = ["nettle_pbkdf2_hmac_sha256"]
EOF
printf 'secret' >pw
STDIN=pw
four_runs - nettle-pbkdf2 -i 20000000 -l 32 salt
expect_counted hits 1 nettle_pbkdf2_hmac_sha256
