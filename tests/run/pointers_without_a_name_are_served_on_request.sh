#!/bin/bash
# SPDX-License-Identifier: MIT
# address_taken: tables of static functions, relocated by RELATIVE or RELR
# words, in program and library; without it only direct calls' entries.
. "$(dirname "$0")/calls.sh"

# Too short for an entry: pointers are the only way.
cat >table.c <<-'EOF2'
	static int f(int x) { return -x; }
	static int g(int x) { return x; }
	static int (*const table[])(int) = {f, g, f};
	static int (*volatile changed[])(int) = {g, f};
	int by_table(int i, int x) { return table[i](x); }
	int by_changed(int x) { return changed[1](x); }
EOF2
cat >main.c <<-'EOF2'
	#include <stdio.h>
	int by_table(int, int), by_changed(int);
	int main(void)
	{
		printf("%d %d %d", by_table(0, 1), by_table(1, 2),
		       by_table(2, 3));
		printf(" %d\n", by_changed(4));
		return 0;
	}
EOF2
configure() {
	functions "$1
address_taken = true
$via" f
}
try() { # COMPILER FLAGS…
	"$1" -O1 -g -fcf-protection=none -fPIC -shared -o libtable.so table.c \
		"${@:2}" || return
	"$1" -O1 -g -fcf-protection=none -o main main.c "${@:2}" \
		-L. -ltable -Wl,-rpath,. || fail compile
	expect_calls 3 ./main || fail "library, $*"
	"$1" -O1 -g -fcf-protection=none -fPIE -pie -o main main.c table.c \
		"${@:2}" || fail compile
	expect_calls 3 ./main || fail "program, $*"
}
via=
try gcc
try gcc -Wl,-z,now
try gcc -Wl,-z,norelro
via='via = "slot"'
try gcc
try gcc -Wl,-z,pack-relative-relocs
readelf -d libtable.so | grep -q RELR || fail 'no RELR words were tested'
! command -v clang >/dev/null || try clang

# Without it the reason is told, and what to do.
functions '' f >ckpt.toml
preload ./main >out 2>err.main
expect_same out.plain out
expect_match 'f: .*too short; address_taken = true' err.main
