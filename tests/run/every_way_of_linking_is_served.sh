#!/bin/bash
# SPDX-License-Identifier: MIT
# Compiler, position independence, lazy or immediate binding, optimisation,
# calls through the PLT or straight from the GOT: pairs of them in make check,
# all combinations in make check-full.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["r_*"]
EOF
cp "$PROGRAMS/libresults.so" .
compilers=("$CC" clang)
pies=('-fPIE -pie' '-fno-pie -no-pie')
binds=('-Wl,-z,lazy' '-Wl,-z,now')
levels=(-O2 -O0)
plts=(-fplt -fno-plt)

try_mode() { # five digits
	local flags run
	flags="${pies[$2]} ${binds[$3]} ${levels[$4]} ${plts[$5]}"
	# shellcheck disable=SC2086 # flags are words
	"${compilers[$1]}" $flags -I"$TOP" -o results \
		"$TOP/tests/programs/results.c" ./libresults.so \
		-Wl,-rpath,"$PWD" -lm || fail "cannot compile: $flags"
	rm -rf .ckpt
	./results >plain
	for run in cold warm; do
		preload ./results >out 2>err.run
		cmp -s plain out || fail "$run, ${compilers[$1]} $flags"
	done
	[ "$(counted misses)" = 0 ] ||
		fail "misses when warm, ${compilers[$1]} $flags"
	expect_counted hits 40
}

if [ "${CKPT_TEST_FULL-}" ]; then
	modes=$(echo {0,1}' '{0,1}' '{0,1}' '{0,1}' '{0,1}';')
else # every pair of two settings is in one of these
	modes='0 0 0 0 0; 0 0 0 0 1; 0 1 1 1 0; 1 0 1 1 0; 1 1 0 1 1;
		1 1 1 0 1'
fi
while read -r -d';' a b c d e; do
	try_mode "$a" "$b" "$c" "$d" "$e"
done <<<"$modes;"
