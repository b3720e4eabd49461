#!/bin/bash
# SPDX-License-Identifier: MIT
# A process that closes all descriptors, and opens files in their places, that
# enters another root, that may have no more memory, no longer files or no more
# descriptors: its results, its files and what it says are its own.
. "$(dirname "$0")/calls.sh"

compile_library f <<-'EOF2'
	int f(int x, char *text)
	{
		for (int i = 0; i < 100000; i++)
			text[i] = (char)(x + i);
		return 3 * x;
	}
EOF2
compile main -D_GNU_SOURCE -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <fcntl.h>
	#include <signal.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/resource.h>
	#include <sys/stat.h>
	#include <unistd.h>
	int f(int, char *);
	static char text[100000];
	static void call(int from)
	{
		for (int i = from; i < from + 5; i++)
			printf("%d %d\n", f(i, text), text[12345]);
		fflush(stdout);
	}
	static void limit(int what, rlim_t most)
	{
		struct rlimit limits = {most, most};

		if (setrlimit(what, &limits))
			abort();
	}
	/* Files where our descriptors were: nobody but us writes to them. */
	static void fill(void)
	{
		struct stat st;
		char name[40];
		int fds[900];

		close_range(3, ~0U, 0);
		for (int i = 0; i < 900; i++) {
			sprintf(name, "own/%d", i);
			fds[i] = open(name, O_RDWR | O_CREAT, 0600);
		}
		call(10);
		call(20);
		for (int i = 0; i < 900; i++)
			if (fds[i] < 0 || fstat(fds[i], &st) || st.st_size)
				printf("descriptor %d is not ours\n", fds[i]);
	}
	int main(int count, char **arguments)
	{
		const char *how = count > 1 ? arguments[1] : "";

		if (count > 2)
			call(0);
		if (!strcmp(how, "closed"))
			fill();
		if (!strcmp(how, "root") && (chroot("own") || chdir("/")))
			return 77;
		if (!strcmp(how, "memory"))
			limit(RLIMIT_AS, 1);
		if (!strcmp(how, "size"))
			limit(RLIMIT_FSIZE, 100);
		if (!strcmp(how, "files"))
			limit(RLIMIT_NOFILE, 3);
		call(30);
		call(10);
		return 0;
	}
EOF2
cat >ckpt.toml <<-'EOF2'
	[[function]]
	name = "f"
	signature = "int f(int x, char *text)"
	memory.text = "out [100000]"
EOF2
mkdir own
ulimit -n 4096 2>/dev/null || :
for how in closed root memory size files; do
	[ $how != root ] || [ "$(id -u)" = 0 ] || continue
	for early in '' early; do
		# shellcheck disable=SC2086 # a word or none
		./main $how $early >out.plain 2>err.plain
		echo $? >status.plain
		rm -rf .ckpt
		for run in cold warm; do
			rm -rf own/*
			# shellcheck disable=SC2086
			preload ./main $how $early >out.$run 2>err.$run
			echo $? >status.$run
			expect_same out.plain out.$run
			expect_same status.plain status.$run
			# What cannot be kept may be told, as ours.
			expect_no_match '^[^c]|^c[^k]' err.$run
		done
		ckpt fsck >out.fsck 2>err.fsck || fail "$how $early: $(cat out.fsck)"
	done
done

# So from the start: nothing can be planned either, and that may be told.
rm -rf .ckpt
./main >out.plain 2>err.plain
(
	ulimit -f 2
	preload ./main >out.cold 2>err.cold
) || fail "with a limit from the start: status $?"
expect_same out.plain out.cold
expect_no_match '^[^c]|^c[^k]' err.cold
