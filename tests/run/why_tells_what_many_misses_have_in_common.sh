#!/bin/bash
# SPDX-License-Identifier: MIT
# A counter that makes every call miss is told by name, with what to write;
# with that, calls are served. Misses that were not recorded say why.
. "$(dirname "$0")/lib.sh"

compile_library g <<'END'
#include <stdio.h>
#include <stdlib.h>
int calls;
int count(int x) { calls++; return x * 3; }
int greet(int x) { puts("hello"); return x; }
int leave(int x) { if (x) exit(0); return x; }
int twice(int x) { return count(x) + count(x); }
END
compile main -L. -lg -Wl,-rpath,. <<'END'
#include <stdlib.h>
extern int calls;
int count(int), greet(int), leave(int), twice(int);
int main(int argc, char **argv)
{
	calls = atoi(argv[1]);
	for (int i = 0; i < 4; i++)
		if (count(i) != 3 * i)
			return 1;
	greet(argc);
	twice(argc);
	leave(argc);
	return 2;
}
END
config <<'END'
functions = ["count", "greet", "leave", "twice"]
END
for run in 100 200; do
	preload ./main "$run" >out || fail "the program ends with $?"
done
ckpt why count >why
expect_match '^count in libg.so: .* misses, 0 hits' why
expect_match '4 of 4 differ in global: calls' why
expect_match 'ignore_globals = \["calls"\]' why
expect_match 'global: calls: 20[0-9], was 10[0-9]' why
expect_match 'not recorded: .*nested = true' why
ckpt why greet >why
expect_match 'not recorded: .*greet -> puts' why
ckpt why leave >why
expect_match 'has not returned' why
ckpt why --json | jq -e '.misses | map(select(.name == "leave"))[0] |
	.returned == false and .recorded == false' >out ||
	fail 'JSON says something else of leave'
ckpt why --count 1 count | grep -cE '^  [0-9:]{8} ' >lines
expect_equal 'misses told' 1 "$(cat lines)"

config <<'END'
[[function]]
name = "count"
ignore_globals = ["calls"]
END
for run in 100 200; do
	preload ./main "$run" >out || fail "the program ends with $?"
done
expect_warm
ckpt why >why
expect_match '^no call missed' why
