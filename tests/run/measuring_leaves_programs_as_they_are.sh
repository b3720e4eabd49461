#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions whose types nobody knows are timed too: arguments on the stack, of
# any class and number, results in every register, exceptions, longjmp, small
# stacks, coroutines, handlers, threads and children come out as without.
. "$(dirname "$0")/lib.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >odd.h <<'EOF'
#include <immintrin.h>
struct big { long v[40]; };
struct mixed { double d; long l; };
#ifdef __cplusplus
extern "C" {
#endif
typedef long many_t(int, int, int, int, int, int, int, int, int, int, int, int,
		    int, int, int, int, int, int, int, int);
many_t many;
many_t *pointer_of_many(void);
long by_value(struct big b, int x, struct big c);
long sum_of(int count, ...);
long double ld(long double a, long double b);
_Complex long double cld(long double a);
__m256d add256(__m256d a, __m256d b);
struct mixed give_mixed(int x);
struct big give_big(int x);
int fails(int code);
int has_errno(int code);
void jumps(void *env, int code);
void throws(int x);
long deep(int n);
long slow(int n);
long calls_back(long (*f)(int), int n);
#ifdef __cplusplus
}
#endif
EOF
cat >odd.c <<'EOF'
#include "odd.h"
#include <complex.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
long many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j,
	  int k, int l, int m, int n, int o, int p, int q, int r, int s, int t)
{
	return a + 2L * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n + 15 * o +
	       16 * p + 17 * q + 18 * r + 19 * s + 20 * t;
}
long by_value(struct big b, int x, struct big c)
{
	long s = x;
	for (int i = 0; i < 40; i++) {
		s += b.v[i] * (i + 1) - c.v[i];
		b.v[i] = 0;
	}
	return s;
}
long sum_of(int n, ...)
{
	va_list v;
	long s = 0;
	va_start(v, n);
	for (int i = 0; i < n; i++)
		s += (i + 1) * va_arg(v, long);
	va_end(v);
	return s;
}
long double ld(long double a, long double b) { return a * b + 1; }
_Complex long double cld(long double a) { return a + a * 2 * I; }
__m256d add256(__m256d a, __m256d b) { return _mm256_add_pd(a, b); }
struct mixed give_mixed(int x) { struct mixed m = {x * 0.5, x}; return m; }
struct big give_big(int x)
{
	struct big b;
	for (int i = 0; i < 40; i++)
		b.v[i] = x * i;
	return b;
}
int fails(int code) { errno = code; return -1; }
int has_errno(int code) { return errno == code; }
void jumps(void *env, int code) { longjmp(*(jmp_buf *)env, code); }
long deep(int n) { return n ? deep(n - 1) + 1 : 0; }
long slow(int n)
{
	volatile long s = 0;
	for (int i = 0; i < n; i++)
		s += i * (long)i;
	return s;
}
long calls_back(long (*f)(int), int n) { return f(n) + 1; }
EOF
cat >thrower.cc <<'EOF'
#include "odd.h"
#include <stdexcept>
extern "C" void throws(int x)
{
	slow(x);
	throw std::runtime_error(x ? "x" : "zero");
}
extern "C" many_t *pointer_of_many(void) { return many; }
EOF
cat >main.cc <<'EOF'
#include "odd.h"
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <pthread.h>
#include <stdexcept>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
static void *thread(void *)
{
	long s = 0;
	for (int i = 0; i < 200; i++)
		s += slow(i) + deep(30);
	return (void *)s;
}
static void *small(void *) { return (void *)(deep(20) + slow(5)); }
static volatile long count;
static void handler(int)
{
	count += slow(7) + many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
				15, 16, 17, 18, 19, 20);
}
static ucontext_t first, second;
static long yields(int n)
{
	swapcontext(&second, &first);
	return slow(n);
}
static void coroutine()
{
	for (int i = 0; i < 5; i++)
		count += calls_back(yields, i);
}
static void values()
{
	struct big b = give_big(3), d = give_big(5);
	struct mixed m = give_mixed(9);
	__complex__ long double z = cld(2);
	printf("%ld\n", many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
			     16, 17, 18, 19, 20));
	printf("%ld\n", by_value(b, 7, d));
	printf("%ld\n", sum_of(20, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L,
			       12L, 13L, 14L, 15L, 16L, 17L, 18L, 19L, 20L));
	printf("%Lg %Lg %Lg\n", ld(3, 4), __real__ z, __imag__ z);
	printf("%g %ld\n", m.d, m.l);
	printf("%s\n", pointer_of_many() == many ? "same" : "differ");
	errno = 0;
	fails(33);
	printf("%d\n", errno);
	errno = 5;
	printf("%d\n", has_errno(5));
}
/* Wherever a page of the stack ends. */
static long shifted(int size)
{
	volatile char *room = (volatile char *)__builtin_alloca(size);
	struct big b = give_big(size);
	room[0] = 1;
	return by_value(b, 1, b) + room[0] +
	       many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
		    18, 19, 20);
}
static void shifts()
{
	long sum = 0;
	for (int size = 16; size <= 4096; size += 16)
		sum += shifted(size);
	printf("shifted %ld\n", sum);
}
static void vectors()
{
	__m256d a = {1, 2, 3, 4}, b = {10, 20, 30, 40};
	double o[4];
	for (int i = 0; i < 3; i++)
		a = add256(a, b);
	_mm256_storeu_pd(o, a);
	printf("%g %g %g %g\n", o[0], o[1], o[2], o[3]);
}
static void leaves()
{
	static jmp_buf env;
	volatile int n = 0;
	for (int i = 0; i < 3; i++)
		try {
			throws(i);
		} catch (std::exception &e) {
			printf("caught %s\n", e.what());
		}
	n = n + setjmp(env);
	if (n < 30)
		jumps(&env, 7);
	printf("jumped %d\n", n);
}
static void threads()
{
	pthread_t t[4], s;
	pthread_attr_t attributes;
	long sum = 0;
	void *result;
	for (pthread_t &x : t)
		pthread_create(&x, nullptr, thread, nullptr);
	for (pthread_t &x : t) {
		pthread_join(x, &result);
		sum += (long)result;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 20480);
	pthread_create(&s, &attributes, small, nullptr);
	pthread_join(s, &result);
	printf("threads %ld %ld\n", sum, (long)result);
}
static void stacks()
{
	static char alternate[16384], other[65536];
	stack_t stack = {};
	struct sigaction action = {};
	stack.ss_sp = alternate;
	stack.ss_size = sizeof(alternate);
	sigaltstack(&stack, nullptr);
	action.sa_handler = handler;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, nullptr);
	raise(SIGUSR1);
	getcontext(&second);
	second.uc_stack.ss_sp = other;
	second.uc_stack.ss_size = sizeof(other);
	second.uc_link = &first;
	makecontext(&second, coroutine, 0);
	for (int i = 0; i < 6; i++) {
		slow(3);
		swapcontext(&first, &second);
	}
	printf("stacks %ld\n", (long)count);
}
int main()
{
	long sum = 0;
	int status;
	values();
	shifts();
	if (__builtin_cpu_supports("avx"))
		vectors();
	leaves();
	printf("%ld\n", deep(20000));
	threads();
	stacks();
	fflush(stdout);
	if (!fork())
		_exit(slow(3));
	wait(&status);
	for (int i = 0; i < 20000; i++)
		sum += slow(1 + i % 3);
	printf("%d %ld %ld\n", WEXITSTATUS(status), sum, slow(3000000));
	return 7;
}
EOF

build() { # FLAGS…
	"$CC" "$@" -w -mavx -fPIC -shared -o libodd.so odd.c &&
		c++ "$@" -w -fPIC -shared -Wl,-Bsymbolic -o libthrower.so \
			thrower.cc -L. -lodd &&
		c++ "$@" -w -mavx -o odd main.cc -L. -lodd -lthrower \
			-Wl,-rpath,. -lpthread || fail "cannot compile"
}

compare() { # WHAT
	./odd >out.plain 2>err.plain
	expect_equal "plain: $1" 7 $?
	ckpt init --measure --json --output none -- ./odd >out.measured \
		2>err.measured || fail "init fails: $1"
	expect_same out.plain out.measured
	expect_equal "exit status: $1" 7 "$(jq .exit_status err.measured)"
}

calls() { # NAME
	jq --arg name "$1" '[.functions[] | select(.name == $name) | .calls] |
		add // 0' err.measured
}

# Nothing is known of any of them.
build -O2 -s
compare stripped
expect_equal 'calls of sum_of' 1 "$(calls sum_of)"
expect_equal 'calls of jumps' 5 "$(calls jumps)"
expect_equal 'calls of throws' 3 "$(calls throws)"
[ "$(calls slow)" -gt 20000 ] || fail "calls of slow: $(calls slow)"

# Everything is: static functions are reached by their entries.
build -O2 -g -fno-inline
compare 'with debug info'
expect_equal 'calls of values' 1 "$(calls 'values()')"
expect_equal 'calls of give_big' 258 "$(calls give_big)"
[ "$(calls slow)" -gt 20000 ] || fail "calls of slow: $(calls slow)"
rm -f none
