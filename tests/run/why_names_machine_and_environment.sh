#!/bin/bash
# SPDX-License-Identifier: MIT
# What a result depends on besides arguments is told by name: the rounding
# mode, an environment variable, a file, the locale.
. "$(dirname "$0")/lib.sh"

echo one >data
echo two >other
compile_library g <<'END'
#include <ctype.h>
double share(double x) { return x / 3; }
int upper(int c) { return toupper(c); }
END
compile main -L. -lg -Wl,-rpath,. -lm <<'END'
#include <fenv.h>
#include <locale.h>
#include <stdlib.h>
double share(double);
int upper(int);
int main(int argc, char **argv)
{
	if (argc > 1)
		fesetround(atoi(argv[1]));
	setlocale(LC_ALL, "");
	upper('a');
	return share(1) > 1;
}
END
config <<'END'
functions = ["upper"]
[[function]]
name = "share"
env = ["UNITS"]
files = ["data"]
END
sleep 2 # a file that has just changed is not believed
preload ./main
preload ./main 2048
ckpt why share >why
expect_match '^      rounding mode: upward, was to nearest' why
UNITS=mm preload ./main
ckpt why share >why
expect_match '^      environment variable UNITS: differs' why
mv other data
sleep 2
preload ./main
ckpt why share >why
expect_match "^      file .*/data: differs" why
expect_no_match 'UNITS' why
LC_ALL=C.UTF-8 preload ./main
ckpt why upper >why
expect_match '^      locale or time zone: differs' why
