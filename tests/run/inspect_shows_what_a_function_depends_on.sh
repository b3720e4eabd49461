#!/bin/bash
# SPDX-License-Identifier: MIT
# The tree of functions, constants, objects and libraries below a function, with
# sizes, what was taken whole and why, and the globals.
. "$(dirname "$0")/lib.sh"

compile_library tree -lm <<'EOF2'
#include <math.h>
static const int table[5] = {1, 2, 3, 4, 5};
int counter;
int (*hook)(int);
__attribute__((noinline)) static double scaled(double x) { return x * 3.25; }
double f(int i) { counter++; return scaled(table[i % 5]) + sin(1.5 * i); }
int hooked(int x) { return hook(x); }
EOF2
compile main -L. -ltree -Wl,-rpath,. <<'EOF2'
double f(int);
int hooked(int);
int main(void) { return f(1) > hooked(2); }
EOF2
ckpt inspect ./main f hooked >text
expect_match 'depends on 2 functions \([0-9]+ bytes\), 3 constants \(36 bytes\), 1 C runtime library' text
expect_match '^ {13}f in libtree.so, [0-9]+ bytes' text
expect_match '^ {15}table in libtree.so, 20 bytes' text
expect_match '^ {15}scaled in libtree.so, [0-9]+ bytes' text
expect_match '^ {17}1 constant or string, 8 bytes' text
expect_match '^ {15}C runtime: libm.so.6' text
expect_match 'globals +counter in libtree.so, 4 bytes, written' text
expect_match 'all of libtree.so: hooked\+.* calls through a pointer in a variable' text
expect_match 'globals +.data in libtree.so, 8 bytes' text
ckpt inspect --all ./main f >text
expect_match 'constants at .rodata[^ ]* in libtree.so, 8 bytes' text
