#!/bin/bash
# SPDX-License-Identifier: MIT
# Calls by constructors of needed libraries, before main, by atexit handlers,
# destructors, destructors of thread-local objects, and by streams that exit()
# flushes after the last destructor, ours: seen and right. Those by constructors of an opened library come
# before dlopen returns: right, seen only if that slot was patched already.
. "$(dirname "$0")/calls.sh"

compile_f
compile_library early -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int f(int);
	__attribute__((constructor)) static void start(void)
	{
		printf("early %d\n", f(1));
	}
	__attribute__((destructor)) static void end(void)
	{
		printf("late %d\n", f(2));
	}
EOF2
compile main -Wl,--no-as-needed -L. -learly -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	#include <stdlib.h>
	int f(int);
	static void at_exit(void) { printf("exit %d\n", f(3)); }
	__attribute__((constructor)) static void start(void)
	{
		printf("constructor %d\n", f(4));
	}
	static void before(void) { printf("before %d\n", f(5)); }
	__attribute__((section(".preinit_array"), used))
	static void (*preinit)(void) = before;
	int main(void)
	{
		atexit(at_exit);
		printf("main %d\n", f(6));
	}
EOF2
expect_calls 6 ./main

compile opener <<-EOF2
	#include <dlfcn.h>
	#include <stdio.h>
	int main(void)
	{
		void *handle = dlopen("./libearly.so", RTLD_NOW);
		return handle ? dlclose(handle) : 1;
	}
EOF2
configure '' >ckpt.toml
./opener >out.plain
for run in cold warm; do
	preload ./opener >out.$run
	expect_same out.plain out.$run
done

# After everything: what is in a stream's buffer when exit() closes them all.
compile flusher -D_GNU_SOURCE -L. -lf -Wl,-rpath,. -lpthread <<-EOF2
	#include <pthread.h>
	#include <stdio.h>
	#include <unistd.h>
	int f(int);
	static void tell(const char *what, int x)
	{
		char text[50];
		int size = snprintf(text, sizeof(text), "%s %d\\n", what, f(x));

		if (write(1, text, size) != size)
			_exit(1);
	}
	static ssize_t flush(void *cookie, const char *bytes, size_t size)
	{
		(void)cookie;
		(void)bytes;
		tell("flush", 7);
		return size;
	}
	static void forget(void *value)
	{
		(void)value;
		tell("thread", 8);
	}
	static void *run(void *key)
	{
		pthread_setspecific(*(pthread_key_t *)key, key);
		return NULL;
	}
	int main(void)
	{
		cookie_io_functions_t functions = {.write = flush};
		FILE *stream = fopencookie(NULL, "w", functions);
		pthread_key_t key;
		pthread_t thread;

		pthread_key_create(&key, forget);
		pthread_create(&thread, NULL, run, &key);
		pthread_join(thread, NULL);
		fputs("something", stream);
		tell("main", 9);
		return 0;
	}
EOF2
expect_calls 3 ./flusher
grep -q flush out.plain || fail 'the stream was not flushed'
