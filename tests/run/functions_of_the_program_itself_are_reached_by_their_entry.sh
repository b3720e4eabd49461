#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions that the program defines and calls directly, static ones too:
# with gcc and clang, as PIE and not, with and without endbr64.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
functions = ["mix", "count_down"]
[[function]]
name = "slow_sum"
[function.memory]
"values" = "[count]"
EOT

check() { # COMPILER FLAGS…
	local compiler=$1
	shift
	"$compiler" -w -O2 -g "$@" -o direct "$TOP/tests/programs/direct.c" ||
		fail "$compiler $*: not compiled"
	rm -rf .ckpt
	./direct 1 2 3 >plain || fail "$compiler $*: direct failed"
	ckpt run -- ./direct 1 2 3 >cold 2>err.cold ||
		fail "$compiler $*: cold run failed"
	expect_same plain cold
	expect_counted misses 1 slow_sum
	expect_counted hits 2 slow_sum
	ckpt run -- ./direct 1 2 3 >warm 2>err.warm ||
		fail "$compiler $*: warm run failed"
	expect_same plain warm
	expect_counted misses 0
	expect_counted hits 3 slow_sum
	[ "$(counted hits mix)" -eq 2 ] || fail "$compiler $*: mix was not reached"
	[ ! -s err.warm ] || fail "$compiler $*: wrote to standard error"
}

for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	check $compiler
	check $compiler -no-pie -fno-pie
	check $compiler -fcf-protection
done
check "$CC" -O3 -fno-plt

# No memory is both writable and executable.
cat >maps.c <<'EOT'
#include <stdio.h>
__attribute__((noinline, noclone)) int twice(int x);
__attribute__((noinline, noclone)) int twice(int x)
{
	return 2 * x + x % 3;
}
int main(int argc, char **argv)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	(void)argv;
	printf("%d\n", twice(argc));
	while (fgets(line, sizeof(line), maps))
		fputs(line, stdout);
	return 0;
}
EOT
"$CC" -O2 -g -o maps maps.c || fail "maps.c"
echo 'functions = ["twice"]' | config
CKPT_LOG=debug preload ./maps >out 2>err.maps || fail "maps failed"
expect_match 'twice: entry patched' err.maps
expect_no_match '^[0-9a-f-]+ .wx' out

# Where it cannot be done, the reason is told and the program runs.
cat >short.c <<'EOT'
#include <stdio.h>
__attribute__((noinline, noclone)) int tiny(int x);
__attribute__((noinline, noclone)) int tiny(int x)
{
	return x;
}
int main(int argc, char **argv)
{
	(void)argv;
	printf("%d\n", tiny(argc));
	return 0;
}
EOT
"$CC" -O2 -g -fcf-protection=none -o short short.c || fail "short.c"
echo 'functions = ["tiny"]' | config
preload ./short >out 2>err.short || fail "short failed"
expect_equal "the result" 1 "$(cat out)"
expect_match 'tiny: .*too short' err.short
