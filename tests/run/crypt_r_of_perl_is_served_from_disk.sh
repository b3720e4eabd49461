#!/bin/bash
# SPDX-License-Identifier: MIT
# perl calls crypt_r(): the result is an alias of the third argument.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["crypt"]
functions = ["crypt", "crypt_r"]
EOF
# shellcheck disable=SC2016 # for perl
four_runs - /usr/bin/perl -e \
	'print crypt("pw", q($6$rounds=5000000$saltsalt)), "\n"'
expect_counted hits 1 crypt_r
