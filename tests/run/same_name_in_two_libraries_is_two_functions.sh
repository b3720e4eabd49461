#!/bin/bash
# SPDX-License-Identifier: MIT
# `object` chooses one; without it each is served as itself.
. "$(dirname "$0")/lib.sh"

echo 'int f(int x) { return x + 100; } int a(int x) { return f(x); }' |
	compile_library a
echo 'int f(int x) { return x + 200; } int b(int x) { return f(x); }' |
	compile_library b
compile main -L. -la -lb -ldl -Wl,-rpath,"$PWD" <<'EOF'
#include <dlfcn.h>
#include <stdio.h>
int f(int), a(int), b(int);
int main(void)
{
	void *b_library = dlopen("libb.so", RTLD_NOW | RTLD_LOCAL);
	int (*b_f)(int);
	*(void **)&b_f = dlsym(b_library, "f");
	printf("%d %d %d %d\n", f(1), a(2), b(3), b_f(4));
	return 0;
}
EOF
config <<'EOF'
functions = ["f"]
EOF
three_runs 4 ./main
rm -rf .ckpt
config <<'EOF'
functions = ["libb.so:f"]
EOF
three_runs 1 ./main
