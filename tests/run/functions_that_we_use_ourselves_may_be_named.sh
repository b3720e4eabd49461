#!/bin/bash
# SPDX-License-Identifier: MIT
# A config that names functions of the C library which ckpt itself calls, with
# contracts or without: no recursion, no crash, the program's own output.
. "$(dirname "$0")/calls.sh"

compile main <<-'EOF2'
	#include <fcntl.h>
	#include <pthread.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <time.h>
	#include <unistd.h>
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int main(void)
	{
		char text[100] = "", copy[100];
		int fd = open("main.txt", O_RDONLY);
		char *block;

		pthread_mutex_lock(&mutex);
		if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
			return 1;
		close(fd);
		block = malloc(strlen(text) + 1);
		memcpy(block, text, strlen(text) + 1);
		strcpy(copy, block);
		free(block);
		pthread_mutex_unlock(&mutex);
		printf("%s%s %d\n", copy, getenv("HOME") ? "home" : "",
		       strcmp(copy, "x") > 0);
		return 0;
	}
EOF2
echo text >main.txt
./main >out.plain
names='malloc free memcpy strlen strcmp strcpy open read close getenv
	pthread_mutex_lock clock_gettime mmap'
{
	echo 'functions = ['
	# shellcheck disable=SC2086 # several names
	printf '"%s", ' $names
	echo ']'
} >ckpt.toml
for run in cold warm; do
	preload ./main >out.$run 2>err.$run || fail "$run: $(tail -n 3 err.$run)"
	expect_same out.plain out.$run
done
cat >ckpt.toml <<-'EOF2'
	[[function]]
	name = "strlen"
	signature = "unsigned long strlen(const char *s)"
	[function.memory]
	s = "string"
	[[function]]
	name = "strcmp"
	signature = "int strcmp(const char *a, const char *b)"
	[function.memory]
	a = "string"
	b = "string"
	[[function]]
	name = "memcpy"
	signature = "void *memcpy(void *to, const void *from, unsigned long n)"
	[function.memory]
	to = "out bytes n"
	from = "bytes n"
	return = "alias to"
EOF2
for run in cold warm; do
	preload ./main >out.$run 2>err.$run || fail "$run: $(tail -n 3 err.$run)"
	expect_same out.plain out.$run
done
