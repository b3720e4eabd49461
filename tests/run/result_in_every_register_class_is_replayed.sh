#!/bin/bash
# SPDX-License-Identifier: MIT
# And errno and floating-point flags, as effects of the call.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = [
  "r_bool", "r_char", "r_short", "r_unsigned", "r_long", "r_int128", "r_enum",
  "r_float", "r_double", "r_long_double", "r_complex", "r_complex_float",
  "r_complex_long", "r_pair", "r_mixed", "r_floats", "r_large", "r_errno",
  "r_divide",
]
EOF
four_runs - "$PROGRAMS/results"
expect_counted misses 0
expect_counted hits 40
for function in r_int128 r_long_double r_complex_long r_large r_errno; do
	expect_counted hits 2 "$function"
done
expect_counted hits 4 r_divide
