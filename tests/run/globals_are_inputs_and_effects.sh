#!/bin/bash
# SPDX-License-Identifier: MIT
# A counter, a variable that is only written, a table built at first use, a
# thread's own variable, a variable of another library: the program prints the
# same in every run, and the second process is served.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
functions = ["count", "remember", "lazily", "per_thread", "scaled"]
[[function]]
name = "complain"
on_error = "ignore"
EOF
compile_library other <<'EOF'
int scale = 3;
EOF
compile_library g -L. -lother -Wl,-rpath,. <<'EOF'
#include <stdio.h>
extern int scale;
int counter, last;
static int table[64], is_ready;
static __thread int own;
int count(int x) { return x + ++counter; }
int remember(int x) { last = x * 3; return x; }
int lazily(int i)
{
	if (!is_ready) {
		for (int k = 0; k < 64; k++)
			table[k] = k * k + 1;
		is_ready = 1;
	}
	return table[i & 63];
}
int per_thread(int x) { own += x; return own; }
int scaled(int x) { return x * scale; }
int complain(int x)
{
	if (x < 0)
		fprintf(stderr, "negative\n");
	return x * 7;
}
EOF
compile main -L. -lg -lother -Wl,-rpath,. -lpthread <<'EOF'
#include <pthread.h>
#include <stdio.h>
extern int counter, last, scale;
int count(int), remember(int), lazily(int), per_thread(int), scaled(int);
int complain(int);
static void *run(void *p)
{
	for (int i = 1; i < 4; i++)
		printf("%d ", per_thread(i));
	return p;
}
int main(int argc, char **argv)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		printf("%d %d; ", count(5), counter);
	counter = 1;
	printf("%d %d; ", count(5), counter);
	printf("%d %d; ", remember(4), last);
	last = 0;
	printf("%d %d; ", remember(4), last);
	printf("%d %d %d; ", lazily(3), lazily(3), lazily(9));
	run(0);
	pthread_create(&thread, 0, run, 0);
	pthread_join(thread, 0);
	printf("%d ", scaled(2));
	scale = 10;
	printf("%d ", scaled(2));
	(void)argv;
	printf("%d %d\n", complain(2), complain(3 - 4 * argc));
	return 0;
}
EOF
# complain(-1) prints: it is run each time.
for run in plain cold warm; do
	if [ $run = plain ]; then ./main; else ckpt run -- ./main; fi \
		>out.$run 2>err.$run || fail "$run: exit status $?"
	expect_same out.plain out.$run
	expect_same err.plain err.$run
done
expect_counted misses 1
expect_counted misses 1 complain
expect_counted hits 1 complain
for function in count remember lazily per_thread scaled; do
	[ "$(counted hits $function)" -gt 0 ] || fail "$function: no hits"
done
