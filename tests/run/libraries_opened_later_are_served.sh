#!/bin/bash
# SPDX-License-Identifier: MIT
# dlopen by a bare name that only the caller's RUNPATH finds; closed, and
# another library loaded in its place.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["f"]
EOF
mkdir plugins
(
	cd plugins || exit
	echo 'int f(int x) { return x + 100; }' | compile_library one
	echo 'int f(int x) { return x + 200; }' | compile_library two
)
# shellcheck disable=SC2016 # for the linker
compile main -ldl '-Wl,-rpath,$ORIGIN/plugins' <<'EOF'
#include <dlfcn.h>
#include <stdio.h>
static void call(const char *name)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	int (*f)(int);
	if (!library) {
		puts("not found");
		return;
	}
	*(void **)&f = dlsym(library, "f");
	printf("%d %d\n", f(1), f(2));
	dlclose(library);
}
int main(void)
{
	for (int i = 0; i < 3; i++) {
		call("libone.so");
		call("libtwo.so");
	}
	call("libnone.so");
	return 0;
}
EOF
three_runs 12 ./main

# Found by a pattern, it is counted by its own name all the same.
rm -rf .ckpt
sed -i 's/"f"/"?"/' ckpt.toml
three_runs 12 ./main
expect_counted hits 12 f
