#!/bin/bash
# SPDX-License-Identifier: MIT
# The address of f is the same wherever it is taken, in program and libraries,
# position-independent or not; calls through pointers and tables are seen.
. "$(dirname "$0")/calls.sh"

compile_f
compile_library table -L. -lf -Wl,-rpath,. <<-EOF2
	int f(int);
	static int g(int x) { return x; }
	int (*const table[])(int) = {f, g, f};
	int (*address(void))(int) { return f; }
	int is_f(int (*p)(int)) { return p == f; }
EOF2
cat >main.c <<'EOC'
#include <stdio.h>
#include <dlfcn.h>
int f(int), is_f(int (*)(int));
extern int (*const table[])(int), (*address(void))(int);
static int (*own[])(int) = {f, f};
int main(int count, char **arguments)
{
	int (*volatile p)(int) = f;
	int (*found)(int) = dlsym(RTLD_DEFAULT, "f");

	(void)arguments;
	printf("%d", p(1));
	printf(" %d", table[0](2));
	printf(" %d", own[count](3));
	printf(" %d", address()(4));
	printf(" %d", found(5));
	printf(" %d%d%d%d%d%d\n", p == f, p == table[2], p == own[0],
	       p == address(), is_f(p), found == p);
	return 0;
}
EOC
for flags in '-fPIE -pie' '-fno-pie -no-pie' '-fPIE -pie -Wl,-z,now' \
	'-fno-pie -no-pie -fno-plt -Wl,-z,now'; do
	# shellcheck disable=SC2086 # several flags
	"$CC" -O1 -D_GNU_SOURCE -g -o main main.c $flags -L. -ltable -lf \
		-Wl,-rpath,. || fail compile
	expect_calls 5 ./main || fail "$flags: $(cat out.plain out.miss)"
done
