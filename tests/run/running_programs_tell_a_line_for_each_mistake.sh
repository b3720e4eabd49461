#!/bin/bash
# SPDX-License-Identifier: MIT
# Where a prototype was looked for is for `ckpt check` to tell; the user of the
# program gets one line, also for a pattern that names nothing of use.
. "$(dirname "$0")/lib.sh"

echo 'int f1(int x) { return x; } int f2(int x) { return x; }' >f.c
"$CC" -shared -fPIC -O2 -o libf.so f.c || fail 'cannot compile libf.so'
compile main -L. -lf -Wl,-rpath,. <<'EOT'
int f1(int), f2(int);
int main(void) { return f1(1) - f2(1); }
EOT

config <<'EOT'
functions = ["f1"]
EOT
ckpt run -- ./main 2>err.run || fail 'another exit status'
expect_equal 'lines on standard error' 1 "$(wc -l <err.run)"
expect_match "^ckpt: f1: the prototype of 'f1' .* is not known; write" err.run
ckpt check ./main >out.check
expect_match 'looked at:' out.check
expect_match 'libf\.so: no debug info' out.check

config <<'EOT'
functions = ["f?"]
EOT
ckpt run -- ./main 2>err.run || fail 'another exit status'
expect_equal 'lines on standard error' 1 "$(wc -l <err.run)"
expect_match '^ckpt: f\?: none of the functions it names can be' err.run
