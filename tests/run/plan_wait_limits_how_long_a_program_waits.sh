#!/bin/bash
# SPDX-License-Identifier: MIT
# A program that may not wait for its plan runs without the cache; the planner
# goes on, and the next start finds the plan.
. "$(dirname "$0")/lib.sh"
. "$TOP/tests/run/planlib.sh"

build_sum
config <<'EOT'
plan_wait = "0 s"
[[function]]
name = "sum_slowly"
[function.memory]
"values" = "[count]"
EOT
./sum 1 3 4 5 >plain
# A planner that is slow to write: another one seems to be at it.
cat >planner <<EOT
#!/bin/bash
while [ \$# -gt 0 ] && [ "\$1" != --output ]; do
	set -- "\${@:2}" "\$1"
done
mkdir -p "\$(dirname "\$2")"
exec 9>"\$2.lock"
flock 9
output=\$2
(sleep 1; flock -u 9) 0<&- &
exec 9>&-
exec "$BUILD/ckpt" plan --config "$PWD/ckpt.toml" --objects - --output "\$output"
EOT
chmod 755 planner
CKPT_PLANNER=$PWD/planner preload ./sum 1 3 4 5 >out 2>err.sum ||
	fail "sum failed"
expect_same plain out
expect_match 'takes its time' err.sum

for ((i = 0; i < 600; i++)); do
	compgen -G '.ckpt/v1/plan/*.plan' >/dev/null && break
	sleep 0.05
done
# From here on nobody could plan.
export CKPT_PLANNER=/bin/false
run_sum
run_sum
expect_same plain out
expect_warm
