#!/bin/bash
# SPDX-License-Identifier: MIT
# mkpasswd calls crypt(): two strings in, a static string out.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["crypt"]
functions = ["crypt"]
EOF
printf 'secret\n' >pw
STDIN=pw
four_runs - mkpasswd -m sha512crypt -R 5000000 -S abcdefgh -s
expect_counted hits 1 crypt
