#!/bin/bash
# SPDX-License-Identifier: MIT
# Calls that are being recorded are left 5,000 times (200,000 in check-full)
# in each way there is: by an exception, one of another language, rethrown ones,
# siglongjmp out of a handler, another stack that is given up; and some by
# threads that end or are cancelled. No memory and no descriptor is lost, nothing
# is stored, and later calls are served. By slot and by entry, and with once.
. "$(dirname "$0")/calls.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >f.h <<-'EOF2'
	#include <csetjmp>
	#include <csignal>
	#include <pthread.h>
	#include <ucontext.h>
	#include <unwind.h>
	enum way { RETURN, THROW, FOREIGN, JUMP, STACK, END, CANCEL };
	extern volatile way how;
	extern sigjmp_buf out;
	extern ucontext_t here, there;
	extern "C" int f(int);
EOF2
cat >f.cc <<-'EOF2'
	#include <cstdlib>
	#include "f.h"
	volatile way how;
	sigjmp_buf out;
	ucontext_t here, there;
	static void forget(_Unwind_Reason_Code, _Unwind_Exception *e) { free(e); }
	static void raise_foreign()
	{
		auto e = (_Unwind_Exception *)calloc(1, sizeof(_Unwind_Exception));
		e->exception_class = 0x4f544845524c414e;
		e->exception_cleanup = forget;
		_Unwind_RaiseException(e);
		abort();
	}
	extern "C" int f(int x)
	{
		switch (how) {
		case THROW: throw x;
		case FOREIGN: raise_foreign();
		case JUMP: raise(SIGUSR1); break;
		case STACK: setcontext(&here); break;
		case END: pthread_exit(nullptr);
		case CANCEL: pthread_cancel(pthread_self()); pthread_testcancel();
		default: break;
		}
		return 3 * x;
	}
EOF2
cat >main.cc <<-'EOF2'
	#include <cstdio>
	#include <cstdlib>
	#include <dirent.h>
	#include <initializer_list>
	#include "f.h"
	static char stack[262144];
	static void handler(int) { siglongjmp(out, 1); }
	static void other_stack() { f(1); }
	static void *run(void *) { f(1); return nullptr; }
	static void leave(way kind)
	{
		pthread_t thread;
		volatile bool is_back = false;

		how = kind;
		switch (kind) {
		case THROW:
			try {
				try { f(1); } catch (...) { throw; }
			} catch (int) { }
			break;
		case FOREIGN:
			try { f(1); } catch (...) { }
			break;
		case JUMP:
			if (!sigsetjmp(out, 1))
				f(1);
			break;
		case STACK:
			getcontext(&here);
			if (is_back)
				break;
			is_back = true;
			getcontext(&there);
			there.uc_stack.ss_sp = stack;
			there.uc_stack.ss_size = sizeof(stack);
			makecontext(&there, other_stack, 0);
			setcontext(&there);
			break;
		default:
			pthread_create(&thread, nullptr, run, nullptr);
			pthread_join(thread, nullptr);
		}
		how = RETURN;
	}
	static long measure()
	{
		FILE *file = fopen("/proc/self/statm", "r");
		DIR *directory = opendir("/proc/self/fd");
		long pages = 0, count = 0;

		if (fscanf(file, "%ld", &pages) != 1)
			abort();
		fclose(file);
		while (readdir(directory))
			count++;
		closedir(directory);
		return 100 * count + pages;
	}
	int main(int, char **arguments)
	{
		int times = atoi(arguments[1]);

		signal(SIGUSR1, handler);
		for (way kind : {THROW, FOREIGN, JUMP, STACK, END, CANCEL}) {
			int most = kind < END ? times : times / 50;
			long before = 0;

			for (int i = 0; i < most; i++) {
				if (i == most / 10)
					before = measure();
				leave(kind);
			}
			printf("%d %s\n", kind, measure() - before < 100 ?
				"no leak" : "leak");
		}
		printf("%d %d\n", f(2), f(3));
	}
EOF2
times=5000
[ ! "${CKPT_TEST_FULL-}" ] || times=200000
configure() {
	functions 'impure = "allow"
indirect = "object"
ignore_globals = ["how", "out", "here", "there"]
'"$1" f
}
check() { # KEYS
	configure "$1" >ckpt.toml
	rm -rf .ckpt
	for run in cold warm; do
		preload ./main $times >out.$run 2>err.$run ||
			fail "status $?, $1"
		expect_same out.plain out.$run
		expect_quiet err.$run
	done
	expect_counted hits 2
}
c++ -O1 -g -fPIC -shared -o libf.so f.cc || fail library
c++ -O1 -g -o main main.cc -L. -lf -Wl,-rpath,. -lpthread || fail program
printf '%s\n' {1..6}' no leak' '6 9' >out.plain
./main $times >out
expect_same out.plain out
check ''
times=$((times / 10))
check 'once = "processes"'
c++ -O1 -g -o main main.cc f.cc -lpthread || fail program
check ''
