#!/bin/bash
# SPDX-License-Identifier: MIT
# [cache] lower: what a team's store has is served from there; what is new goes
# into the own store alone.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	#include <stdlib.h>
	int f(int);
	int main(int count, char **arguments)
	{
		for (int i = 1; i < count; i++)
			printf("%d\n", f(atoi(arguments[i])));
	}
EOF2
cache() { # DIRECTORY LOWER
	printf '[cache]\ndirectory = "%s"\nlower = [%s]\n' "$1" "$2" >ckpt.toml
	functions '' f >>ckpt.toml
}
cache team ''
preload ./main 1 2 >out.team
find team/v1 -type f ! -path '*/runs/*' ! -path '*/plan/*' -exec sha256sum {} + |
	sort >before
cache own '"no-such", "team"'
./main 1 2 3 >out.plain
preload ./main 1 2 3 >out.own
expect_same out.plain out.own
expect_counted hits 2
expect_counted misses 1
ckpt why >why
expect_match 'x: 3, was [12]' why
find team/v1 -type f ! -path '*/runs/*' ! -path '*/plan/*' -exec sha256sum {} + |
	sort >after
expect_same before after
preload ./main 1 2 3 >out.own
expect_counted hits 3
