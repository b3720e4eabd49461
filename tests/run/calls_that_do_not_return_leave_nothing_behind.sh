#!/bin/bash
# SPDX-License-Identifier: MIT
# longjmp, pthread_exit, a C++ exception and exit() through the call: never
# recorded, and everything works afterwards.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "leave"
indirect = "object"
ignore_globals = ["leave_target", ".bss"]
EOF
"${CXX:-c++}" -O2 -g -shared -fPIC -o libleave.so -xc++ - <<'EOF' ||
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
extern "C" {
jmp_buf leave_target;
int leave(int how, int value)
{
	switch (how) {
	case 1:
		longjmp(leave_target, value);
	case 2:
		pthread_exit((void *)(long)value);
	case 3:
		throw value;
	case 4:
		exit(value);
	}
	return value * 2;
}
}
EOF
	fail 'cannot compile'
"${CXX:-c++}" -O2 -g -o main -xc++ - -L. -lleave -lpthread \
	-Wl,-rpath,"$PWD" <<'EOF' || fail 'cannot compile'
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
extern "C" {
extern jmp_buf leave_target;
int leave(int how, int value);
}
static void *in_thread(void *) { leave(2, 7); return nullptr; }
int main()
{
	long sum = 0;
	for (volatile int i = 1; i <= 2000; i++) {
		int jumped = setjmp(leave_target);
		if (!jumped)
			leave(1, i);
		sum += jumped;
		try {
			leave(3, i);
		} catch (int value) {
			sum += value;
		}
	}
	pthread_t thread;
	void *result;
	pthread_create(&thread, nullptr, in_thread, nullptr);
	pthread_join(thread, &result);
	printf("%ld %ld %d\n", sum, (long)result, leave(0, 21));
	leave(4, 9);
}
EOF
./main >plain
expect_equal 'exit status' 9 $?
for run in cold warm; do
	preload ./main >out 2>err.run
	expect_equal "$run: exit status" 9 $?
	expect_same plain out
done
expect_counted hits 1
expect_counted stored 0
