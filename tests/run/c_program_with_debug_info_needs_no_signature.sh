#!/bin/bash
# SPDX-License-Identifier: MIT
# An unmodified program calls into a library built with -g: the config says
# how far pointers reach, and nothing else.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "model_fit"
[function.memory]
"m->weights" = "[m->rows * m->columns]"
"x" = "[m->columns]"
"y" = "out [pre(m->rows)]"
EOF
four_runs - "$PROGRAMS/fit" 40
expect_counted hits 2 model_fit
