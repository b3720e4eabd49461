#!/bin/bash
# SPDX-License-Identifier: MIT
# What a function finds without being told: errno, the floating-point exception
# flags, a variable of its thread. The first two are part of the key; a call
# that asks for the last one is not kept, and is told once.
. "$(dirname "$0")/lib.sh"

config <<'EOF2'
functions = ["after_error", "inexact", "own"]
EOF2
compile_library state -lm <<'EOF2'
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
pthread_key_t key;
int after_error(int x) { return errno == ERANGE ? -x : x; }
int inexact(int x) { return fetestexcept(FE_INEXACT) ? -x : x; }
long own(int x) { return x + (long)pthread_getspecific(key); }
EOF2
compile main -L. -lstate -Wl,-rpath,. -lm -lpthread <<'EOF2'
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
extern pthread_key_t key;
int after_error(int), inexact(int);
long own(int);
int main(void)
{
	for (int i = 0; i < 2; i++) {
		errno = 0;
		printf("%d ", after_error(5));
		errno = ERANGE;
		printf("%d ", after_error(5));
		feclearexcept(FE_ALL_EXCEPT);
		printf("%d ", inexact(7));
		feraiseexcept(FE_INEXACT);
		printf("%d ", inexact(7));
	}
	pthread_key_create(&key, NULL);
	for (long i = 1; i < 4; i++) {
		pthread_setspecific(key, (void *)i);
		printf("%ld ", own(10));
	}
	puts("");
	return 0;
}
EOF2
./main >out.plain
expect_equal 'the plain run' '5 -5 7 -7 5 -5 7 -7 11 12 13 ' "$(cat out.plain)"
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
done
expect_counted hits 4 after_error
expect_counted hits 4 inexact
expect_counted hits 0 own
expect_counted stored 0 own
expect_match 'own: calls pthread_getspecific' err.cold
ckpt inspect ./main after_error >inspected
expect_match 'errno as the call finds it' inspected
