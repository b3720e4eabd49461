#!/bin/bash
# SPDX-License-Identifier: MIT
# A breakpoint and a backtrace through a recorded call; programs built with
# sanitizers whose runtime is linked in; profilers; other preloads before and
# after us: one that replaces malloc and wraps f, one whose allocator must not
# be called before the C library is up.
. "$(dirname "$0")/calls.sh"

compile_library f <<-EOF2
	#include <inttypes.h>
	#include <stdlib.h>
	int f(int x)
	{
		char *p = malloc(100 + x);
		int result = p ? 3 * imaxdiv(x, 1).quot + 1 : 0;
		free(p);
		return result;
	}
EOF2
cat >main.c <<-EOF2
	#include <stdio.h>
	#include <stdlib.h>
	int f(int);
	int main(void)
	{
		int *p = malloc(sizeof(int));
		*p = f(1) + f(2);
		printf("%d\n", *p);
		free(p);
		return 0;
	}
EOF2
"$CC" -O1 -g -o main main.c -L. -lf -Wl,-rpath,. || fail compile
configure '' >ckpt.toml
./main >out.plain

# A breakpoint in f itself changes its code: such a call is not cached, rightly.
# One in a function of libc that only f calls is passed on the way.
if command -v gdb >/dev/null; then

	for place in f imaxdiv; do
		rm -rf .ckpt
		gdb -nx -batch -ex "set environment LD_PRELOAD $LIBRARY" \
			-ex 'set breakpoint pending on' -ex "break $place" \
			-ex run -ex bt -ex finish -ex delete -ex continue \
			./main >out.gdb 2>&1 </dev/null
		! grep -q ptrace out.gdb || break
		expect_match "Breakpoint 1, " out.gdb
		expect_match '  f \(x=|in f \(x=' out.gdb
		expect_match 'in main \(\)' out.gdb
		expect_match 'exited normally' out.gdb
		[ $place = f ] || expect_match 'in ckpt_thunk_common' out.gdb
	done
fi

rm -rf .ckpt
for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	for sanitizer in address undefined thread; do
		static=
		[ $compiler = clang ] || case $sanitizer in
		address) static=-static-libasan ;;
		undefined) static=-static-libubsan ;;
		thread) static=-static-libtsan ;;
		esac
		# shellcheck disable=SC2086 # a flag or none
		$compiler -g -O1 -fsanitize=$sanitizer $static -o sane main.c \
			-L. -lf -Wl,-rpath,. 2>err.build || continue
		./sane >out.sane 2>err.sane || continue
		for run in cold warm; do
			preload ./sane >out.$run 2>err.$run ||
				fail "$compiler $sanitizer: $(cat err.$run)"
			expect_same out.plain out.$run
			expect_quiet err.$run
		done
	done
done

compile_library other -D_GNU_SOURCE <<-EOF2
	#include <dlfcn.h>
	#include <stddef.h>
	#include <string.h>
	/* An allocator that never gives anything back. */
	static char heap[1 << 24] __attribute__((aligned(16)));
	static size_t used;
	void *malloc(size_t size)
	{
		size_t *p = (size_t *)(heap + used);
		used += (size + 31) & -16;
		p[0] = size;
		return p + 2;
	}
	void free(void *p) { (void)p; }
	void *calloc(size_t a, size_t b) { return malloc(a * b); }
	void *realloc(void *p, size_t size)
	{
		void *q = malloc(size);
		return p ? memcpy(q, p, ((size_t *)p)[-2]) : q;
	}
	int f(int x)
	{
		int (*real)(int) = dlsym(RTLD_NEXT, "f");
		return real(x);
	}
EOF2
configure 'object = "libf.so"' >ckpt.toml
rm -rf .ckpt
for preloads in "./libother.so:$LIBRARY" "$LIBRARY:./libother.so"; do
	for run in cold warm; do
		LD_PRELOAD=$preloads ./main >out.$run 2>err.$run || fail "$preloads"
		expect_same out.plain out.$run
		expect_quiet err.$run
	done
	expect_counted hits 2
	expect_counted misses 0
done
for name in libjemalloc.so.2 libtcmalloc_minimal.so.4 \
	faketime/libfaketime.so.1; do
	other=/usr/lib/x86_64-linux-gnu/$name
	[ -e $other ] || continue
	for preloads in "$other:$LIBRARY" "$LIBRARY:$other"; do
		FAKETIME=-1d LD_PRELOAD=$preloads ./main >out.other \
			2>err.other || fail "$preloads"
		expect_same out.plain out.other
		expect_quiet err.other
	done
done

# Profilers of memory get ready at the first allocation, by the environment:
# that one must not be ours, before there is an environment.
compile_library ready -D_GNU_SOURCE -ldl <<-EOF2
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	static void *serve(void *old, size_t size)
	{
		static void *(*real)(void *, size_t);

		if (!environ)
			(void)!write(2, "too early\\n", 10);
		if (!real)
			real = dlsym(RTLD_NEXT, "realloc");
		return real(old, size);
	}
	void *malloc(size_t size) { return serve(NULL, size); }
	void *realloc(void *old, size_t size) { return serve(old, size); }
EOF2
for preloads in "./libready.so:$LIBRARY" "$LIBRARY:./libready.so"; do
	for run in cold warm; do
		LD_PRELOAD=$preloads ./main >out.$run 2>err.$run || fail "$preloads"
		expect_same out.plain out.$run
		expect_quiet err.$run
	done
done

# What is too large to be installed for this alone is taken if it is there.
if command -v heaptrack >/dev/null; then
	for run in cold warm; do
		preload timeout 60 heaptrack -o out.heap ./main >out.heaptrack \
			2>&1 </dev/null || fail "heaptrack: status $?"
		expect_match "^$(cat out.plain)\$" out.heaptrack
		expect_match 'Heaptrack finished' out.heaptrack
	done
	ckpt run -- ./main >out.run 2>err.run || fail 'after heaptrack'
	expect_warm
fi
if command -v perf >/dev/null &&
	perf record -q -g -o perf.plain ./main >out.perf 2>err.perf; then
	CKPT_LOG=off perf record -q -g -o perf.data \
		"$BUILD/ckpt" run -- ./main >out.perf 2>err.perf || fail perf
	expect_same out.plain out.perf
fi
