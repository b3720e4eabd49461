#!/bin/bash
# SPDX-License-Identifier: MIT
# The scenarios marked in tests/conformance, built with clang in every way:
# position-independent or not, bound lazily or at once.
. "$(dirname "$0")/lib.sh"

full_only 'every scenario about reaching calls, four times'
command -v clang >/dev/null || skip 'no clang'
cd "$TOP" || exit 1
export CC=clang
mapfile -t names < <(awk '/^\t/ && !/^\t#/ {
	for (i = 1; i < NF; i++)
		if ($i == "*") print $(i + 1) }' tests/conformance | sort -u)
[ ${#names[@]} -gt 20 ] || fail 'too few scenarios are marked'
unset CKPT_TEST_FULL
for program in '-fPIE -pie' '-fno-pie -no-pie'; do
	for link in -Wl,-z,lazy -Wl,-z,now; do
		export CKPT_TEST_PROGRAM=$program CKPT_TEST_LINK=$link
		for name in "${names[@]}"; do
			"tests/run/$name.sh" >"$WORK/log" 2>&1
			case $? in
			0 | 77) ;;
			*) fail "$name, $CC $program $link: $(cat "$WORK/log")" ;;
			esac
		done
	done
done
