#!/bin/bash
# SPDX-License-Identifier: MIT
# CKPT_READONLY, [cache] readonly, and a read-only mount: results are served,
# nothing is recorded, counted or said, and no file changes.
. "$(dirname "$0")/lib.sh"

# A function that tells that it runs, so that it is seen whether it was served.
compile_library g <<'EOF'
#include <unistd.h>
int work(int x)
{
	if (write(2, "runs\n", 5) < 0)
		return 0;
	return x * 3;
}
EOF
compile main -L. -lg -Wl,-rpath,"$PWD" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int work(int);
int main(int argc, char **argv)
{
	printf("%d\n", work(atoi(argv[argc - 1])));
	return 0;
}
EOF
write() { # LINE
	config <<EOF
[cache]
directory = "cache/it"
$1
[[function]]
name = "work"
impure = "allow"
EOF
}
files() {
	find cache -type f -exec sha256sum {} + | sort
}
check() { # COMMAND…
	files >before
	"$@" ./main 1 >out 2>err.run || fail "the program ends with $?"
	expect_equal 'result' 3 "$(cat out)"
	[ ! -s err.run ] || fail 'it ran, or something was said'
	"$@" ./main 7 >out 2>err.run || fail "the program ends with $?"
	expect_equal 'result' 21 "$(cat out)"
	expect_equal 'said' runs "$(cat err.run)"
	files >after
	expect_same before after
}
mkdir cache
write ''
preload ./main 1 >out 2>err.cold
expect_equal 'said' runs "$(cat err.cold)"
check env CKPT_READONLY=1 LD_PRELOAD="$LIBRARY"
write 'readonly = true'
preload ./main 1 >out 2>err.plan # the plan of this config
check env LD_PRELOAD="$LIBRARY"
write ''
unshare -m true 2>/dev/null || skip 'no mounts here'
read_only() {
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount --bind cache cache &&
		mount -o remount,ro,bind cache && LD_PRELOAD=$0 "$@"' \
		"$LIBRARY" "$@"
}
check read_only
