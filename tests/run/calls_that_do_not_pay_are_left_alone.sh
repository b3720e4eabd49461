#!/bin/bash
# SPDX-License-Identifier: MIT
# Where a look-up costs many times the call it is given up after a few, not
# after hundreds; and what look-ups inside a call cost is not that call's time.
. "$(dirname "$0")/lib.sh"

compile_library touch <<'EOF'
#include <stddef.h>
int touch(const char *data, size_t size) { return data[0] + data[size - 1]; }
int touch_often(int seed);
__attribute__((visibility("default"))) char room[16 << 20];
int touch_often(int seed)
{
	int sum = seed;
	for (int i = 0; i < 3; i++) {
		room[0] = (char)(seed + i);
		sum += touch(room, sizeof(room));
	}
	return sum;
}
EOF
compile main -L. -ltouch -Wl,-rpath,. <<'EOF'
#include <stdio.h>
#include <stdlib.h>
int touch(const char *data, size_t size);
int touch_often(int seed);
int main(int argc, char **argv)
{
	size_t size = 8 << 20;
	char *data = calloc(1, size);
	long sum = 0;
	if (argc > 1)
		return printf("%d\n", touch_often(atoi(argv[1]))) < 0;
	for (int i = 0; i < 3000; i++) {
		data[0] = (char)i;
		sum += touch(data, size);
	}
	printf("%ld\n", sum);
}
EOF
config <<'EOF'
[[function]]
name = "touch"
memory.data = "[size]"
EOF
./main >out.plain
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
	expect_match '^ckpt: touch: costs more to look up than to run' err.$run
	lookups=$(($(counted hits) + $(counted misses)))
	[ $lookups -lt 50 ] || fail "$run: $lookups look-ups"
	expect_counted bypassed $((3000 - lookups))
done

# Three times 16 MiB are hashed, and three bytes are read.
rm -rf .ckpt
cat >>ckpt.toml <<'EOF'
[[function]]
name = "touch_often"
ignore_globals = ["room"]
EOF
./main 1 >out.plain
preload ./main 1 >out.cold 2>err.cold
expect_same out.plain out.cold
expect_counted stored 1 touch_often
ns=$(ckpt list --json | jq '[.entries[] | select(.function == "touch_often")
	| .seconds * 1e9][0] | floor')
[ "$ns" -lt 500000 ] || fail "touch_often is said to take $ns ns"
