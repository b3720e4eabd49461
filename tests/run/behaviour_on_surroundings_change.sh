#!/bin/bash
# SPDX-License-Identifier: MIT
# What is computed anew, and what is not, when not the code changes but what
# stands around it: rounding, processor, the CPUs allowed, variables of other
# libraries, layouts, contracts, default arguments. By gcc and clang, -O0 and -O2, as a library and as a program.
. "$(dirname "$0")/lib.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >case.cc <<'EOF2'
#include <math.h>
#include <pthread.h>
#ifndef DEFAULT
#define DEFAULT 3
#endif
extern int other_scale;
static int storage = 10;
int *pointer = &storage;
struct pair {
#ifdef SWAPPED
	int second, first;
#else
	int first, second;
#endif
};
extern "C" {
double divide(double x, double y) { return x / y * 1.5; }
double sine(double x) { return sin(x) * 2 + 1; }
static void *work(void *p)
{
	*(int *)p *= 2;
	return p;
}
int threaded(int x)
{
	pthread_t thread;
	int y = x + 5;

	if (pthread_create(&thread, 0, work, &y) == 0)
		pthread_join(thread, 0);
	return y;
}
int through_pointer(int x) { return x * 3 + *pointer; }
int of_other(int x) { return x * 5 + other_scale; }
int by_layout(const struct pair *p) { return p->first * 10 + p->second; }
__attribute__((noinline)) static int scaled(int x, int by = DEFAULT)
{
	return x * by + 7;
}
int given(int x) { return scaled(x, 4) * 3; }
int by_default(int x) { return scaled(x) * 3; }
int sum(const int *values, int count)
{
	int s = 0;

	for (int i = 0; i < count; i++)
		s = s * 7 + values[i];
	return s;
}
void set_pointed(int x) { storage = x; }
}
EOF2
cat >main.cc <<'EOF2'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern int other_scale;
struct pair {
#ifdef SWAPPED
	int second, first;
#else
	int first, second;
#endif
};
extern "C" {
double divide(double, double), sine(double);
int threaded(int), through_pointer(int), of_other(int), given(int);
int by_layout(const struct pair *), by_default(int), sum(const int *, int);
void set_pointed(int);
}
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const int values[] = {1, 2, 3, 4};
	struct pair pair;
	double quotient;

	pair.first = 1;
	pair.second = 2;
	if (!strcmp(what, "pointed"))
		set_pointed(20);
	if (!strcmp(what, "other"))
		other_scale = 30;
	if (!strcmp(what, "rounding"))
		__builtin_ia32_ldmxcsr(0x5f80); /* up */
	if (!strcmp(what, "flush"))
		__builtin_ia32_ldmxcsr(0x9fc0);
	quotient = divide(argc > 2 ? atof(argv[2]) : 1, 3);
	__builtin_ia32_ldmxcsr(0x1f80);
	printf("%.17g %.17g %d %d %d\n", quotient, sine(0.5), threaded(4),
	       through_pointer(6), of_other(7));
	printf("%d %d %d %d\n", by_layout(&pair), given(8), by_default(9),
	       sum(values, 4));
	return 0;
}
EOF2
echo 'int other_scale = 2;' >other.c
write_config() { # CONTRACT-OF-sum
	config <<EOF2
functions = ["divide", "sine", "threaded", "of_other", "given", "by_default",
	"through_pointer"]
[[function]]
name = "by_layout"
memory.p = "one"
[[function]]
name = "sum"
memory.values = "$1"
EOF2
}
build() { # FLAGS…
	# shellcheck disable=SC2086 # a compiler with its level
	if [ "$kind" = library ]; then
		$compiler -w -g "$@" -shared -fPIC -o libcase.so case.cc -L. \
			-lother -Wl,-rpath,. -lm -lpthread &&
			$compiler -w -g "$@" -o case main.cc -L. -lcase \
				-lother -Wl,-rpath,. -lm
	else
		$compiler -w -g "$@" -o case main.cc case.cc -L. -lother \
			-Wl,-rpath,. -lm -lpthread
	fi || fail "$compiler $kind: cannot compile"
}
run() { # WHAT FUNCTIONS-THAT-MISS ARGUMENTS…
	local missed
	./case "${@:3}" >plain || fail "$1: the plain run failed"
	preload ./case "${@:3}" >out 2>err.run
	expect_same plain out
	ckpt stats --json --last-run >stats.json || fail 'no statistics'
	missed=$(jq -r '.functions[] | select(.hits == 0 and
		.name != "through_pointer") | .name' stats.json | sort | tr '\n' ' ')
	# What a pointer in a global leads to is not known: never recorded.
	expect_match 'through_pointer: .*ignore_globals' err.run
	expect_counted stored 0 through_pointer
	[ "$missed" = "$2" ] ||
		fail "$compiler $kind: $1: missed '$missed', not '$2'"
}
all='by_default by_layout divide given of_other sine sum threaded '

check() { # COMPILER KIND
	compiler=$1 kind=$2
	rm -rf .ckpt
	write_config '[count]'
	build
	run 'the first run' "$all"
	run 'nothing changed' ''
	run 'a variable behind a pointer' '' pointed
	run 'a variable of another library' 'of_other ' other
	run 'another rounding' 'divide ' rounding
	run 'denormals flushed' 'divide ' flush
	run 'another argument' 'divide ' x 2
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA \
		run 'another variant of sin()' 'sine '
	[ "$(nproc)" -lt 2 ] ||
		preload_on_one_cpu run 'fewer CPUs' 'threaded '
	write_config '[count - 1]'
	run 'another contract' 'sum '
	write_config '[count]'
	run 'the contract as before' ''
	build -DDEFAULT=5
	run 'another default argument' 'by_default '
	build -DSWAPPED
	run 'another layout' 'by_layout '
	build
	run 'all as before' ''
}
preload_on_one_cpu() {
	(
		preload() { LD_PRELOAD=$LIBRARY taskset -c 0 "$@"; }
		"$@"
	) || exit 1
}
"$CC" -shared -fPIC -o libother.so other.c || fail 'cannot compile libother'
check 'c++ -O2' library
check 'clang++ -O0' program
if [ "${CKPT_TEST_FULL-}" ]; then
	check 'c++ -O0' library
	check 'c++ -O0' program
	check 'c++ -O2' program
	check 'clang++ -O0' library
	check 'clang++ -O2' library
	check 'clang++ -O2' program
fi
