#!/bin/bash
# SPDX-License-Identifier: MIT
# Lazy and immediate binding, position-independent or not, with and without a
# linkage table, by several linkers; and no mapping becomes writable and
# executable, nor a read-only slot writable.
. "$(dirname "$0")/calls.sh"

cat >main.c <<'EOC'
#include <stdio.h>
#include <string.h>

int f(int);
int (*volatile pointer)(int);

/* Of the page that holds the slots of a fully read-only program. */
extern char _GLOBAL_OFFSET_TABLE_[];

int main(void)
{
	FILE *maps;
	char line[4096];

	printf("%d %d\n", f(1), f(2));
	pointer = f;
	printf("%d %d\n", pointer(3), pointer == f);
	maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char flags[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) != 3)
			continue;
		if (flags[1] == 'w' && flags[2] == 'x')
			puts("writable and executable");
		if (start <= (unsigned long)_GLOBAL_OFFSET_TABLE_ &&
		    (unsigned long)_GLOBAL_OFFSET_TABLE_ < end)
			puts(flags);
	}
	return 0;
}
EOC

compile_f
try() { # COMPILER FLAGS…
	"$1" -O1 -g -o main main.c "${@:2}" -L. -lf -Wl,-rpath,. || return
	layout="$*"
	expect_calls 3 ./main || fail "$layout"
}

lazy=-Wl,-z,lazy now=-Wl,-z,now,-z,relro
try gcc $lazy -fPIE -pie
try gcc $now -fPIE -pie
try gcc $lazy -fno-pie -no-pie
try gcc $now -fno-pie -no-pie
try gcc -fno-plt -fPIE -pie
try gcc -fno-plt -fno-pie -no-pie
try gcc $lazy -fcf-protection -Wl,-z,ibtplt -fPIE -pie
try gcc $now -fcf-protection -Wl,-z,ibtplt -fno-pie -no-pie
try gcc -Wl,-z,norelro $lazy
try gcc -mcmodel=large -fPIE -pie
for linker in gold lld mold; do
	command -v "ld.$linker" >/dev/null || continue
	try gcc "-fuse-ld=$linker" $lazy
	try gcc "-fuse-ld=$linker" $now -fno-pie -no-pie
done
command -v clang >/dev/null || exit 0
try clang $lazy -fPIE -pie
try clang $now -fno-pie -no-pie
try clang -fno-plt -fPIE -pie
