#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "m_upper"
memory.text = "string"
memory.return = "string malloc"

[[function]]
name = "m_name"
memory.return = "string static"

[[function]]
name = "m_largest"
[function.memory]
"values" = "in [count]"
"return" = "alias values"

[[function]]
name = "m_split"
[function.memory]
"text" = "string"
"left" = "out one"
"*left" = "string malloc"
"right" = "out one"
"*right" = "string malloc"

[[function]]
name = "m_scale"
[function.memory]
"table->rows" = "in [table->row_count]"
"table->rows[].cells" = "[.count]"

[[function]]
name = "m_pack"
store_if = "return == 1"
[function.memory]
"in" = "[in_size]"
"out" = "out [post(*out_size)] max [pre(*out_size)]"
"out_size" = "one"
EOF

MALLOC_PERTURB_=85 "$PROGRAMS/memory" >plain
MALLOC_PERTURB_=170 preload "$PROGRAMS/memory" >out.cold 2>err.cold
expect_same plain out.cold
MALLOC_PERTURB_=51 preload "$PROGRAMS/memory" >out.warm 2>err.warm
expect_same plain out.warm
# The m_pack that fails is run each time: its store_if says so.
expect_counted misses 1
expect_counted hits 10
expect_counted misses 1 m_pack
[ ! -s err.warm ] || fail 'something was said'
