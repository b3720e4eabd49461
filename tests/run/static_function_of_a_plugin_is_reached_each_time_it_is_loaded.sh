#!/bin/bash
# SPDX-License-Identifier: MIT
# A static function of a library that a program opens, closes and opens again.
# Nothing but the library's name tells that it is worth a look.
. "$(dirname "$0")/lib.sh"

cat >plugin.c <<'EOT'
__attribute__((noinline, noclone)) static double slow_part(int rounds)
{
	double sum = 0;

	for (int i = 0; i < rounds; i++)
		sum = sum * 0.5 + i % 3;
	return sum;
}
double plugin_run(int rounds);
double plugin_run(int rounds)
{
	return slow_part(rounds) + 1;
}
EOT
cat >host.c <<'EOT'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		void *plugin = dlopen(argv[1], RTLD_NOW);
		double (*run)(int);

		if (!plugin)
			return 1;
		*(void **)&run = dlsym(plugin, "plugin_run");
		printf("%.17g\n", run(5000000 + argc));
		dlclose(plugin);
	}
	return 0;
}
EOT
gcc -O2 -g -fPIC -shared -o plugin.so plugin.c || skip "no gcc"
gcc -O2 -o host host.c || fail "host.c"
config <<'EOT'
functions = ["plugin.so:slow_part"]
EOT
four_runs - ./host "$PWD/plugin.so"
expect_counted hits 3 slow_part
