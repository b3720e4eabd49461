#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config </dev/null
cat >hello.c <<'EOF'
#include <stdio.h>
int main(void) { return puts("hello") < 0; }
EOF
expect_told() { # REGEX PROGRAM
	ckpt run -- "$2" >out 2>err.run
	expect_equal "$2: exit status" 0 $?
	expect_equal "$2: output" hello "$(cat out)"
	expect_match "nothing will be checkpointed: .*$1" err.run
	expect_equal "$2: lines" 1 "$(wc -l <err.run)"
}
"$CC" -o hello hello.c
"$CC" -static -o static hello.c
"$CC" -static-pie -o static-pie hello.c
ckpt run -- ./hello >out 2>err.run
[ ! -s err.run ] || fail 'something was said of a plain program'
expect_told 'statically linked' ./static
expect_told 'statically linked' ./static-pie

# Not to be run, so only told: the ELF header of another class or machine.
expect_cannot_run() { # REGEX PROGRAM
	ckpt run -- "$2" >out 2>err.run
	expect_equal "$2: exit status" 126 $?
	expect_match "nothing will be checkpointed: .*$1" err.run
}
perl -0777 -pe 'substr($_, 4, 1) = "\x01";
	substr($_, 18, 1) = "\x03"' hello >elf32
perl -0777 -pe 'substr($_, 18, 2) = "\xb7\x00"' hello >arm
chmod +x elf32 arm
expect_cannot_run '32-bit' ./elf32
expect_cannot_run 'another processor' ./arm
"$CC" -Wl,--dynamic-linker=/no/ld-musl-x86_64.so.1 -o musl hello.c
ckpt run -- ./musl >out 2>err.run
expect_equal 'musl: exit status' 127 $?
expect_match 'musl' err.run

if [ "$(id -u)" = 0 ]; then
	cp hello setuid
	chown nobody setuid
	chmod u+s setuid
	expect_told 'set-user-ID' ./setuid
fi

# A script counts as its interpreter.
printf '#!%s/static\n' "$PWD" >script
chmod +x script
expect_told 'statically linked' ./script
