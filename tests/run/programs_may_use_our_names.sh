#!/bin/bash
# SPDX-License-Identifier: MIT
# A program that exports the names of our own functions and of libraries we are
# built on, and replaces libc functions that we use, is not disturbed by us nor
# we by it.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -rdynamic -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <stddef.h>
	#include <stdio.h>
	#include <stdlib.h>
	int f(int);
	#define TRAP(name) void name(void) { abort(); }
	TRAP(ckpt_session_start) TRAP(ckpt_memo_enter) TRAP(ckpt_store_get)
	TRAP(ckpt_hash) TRAP(ckpt_session) TRAP(ckpt_thunk_common)
	TRAP(XXH3_64bits) TRAP(XXH3_128bits) TRAP(ZSTD_compress)
	TRAP(sqlite3_open)
	/* What a program may define without being a C library (C11 7.1.3). */
	int open(const char *path, int flags, ...) { abort(); }
	long read(int fd, void *to, size_t size) { abort(); }
	int close(int fd) { abort(); }
	char *getcwd(char *to, size_t size) { abort(); }
	int main(void) { printf("%d %d\n", f(1), f(2)); }
EOF2
expect_calls 2 ./main
