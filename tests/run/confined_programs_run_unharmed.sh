#!/bin/bash
# SPDX-License-Identifier: MIT
# A program that installs a seccomp filter which kills it for any system call
# but write and exit, or strict mode: its calls of f go on, ours have ended.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -D_GNU_SOURCE -L. -lf -Wl,-rpath,. <<-'EOF2'
	#include <linux/filter.h>
	#include <linux/seccomp.h>
	#include <stddef.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/prctl.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int f(int);
	static void filter(int how)
	{
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = {5, code};

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (how == 0)
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
		else
			syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
				&program);
	}
	int main(int count, char **arguments)
	{
		char text[64];
		int sum = f(1) + f(2);

		(void)count;
		filter(atoi(arguments[1]));
		for (int i = 0; i < 300; i++)
			sum += f(i);
		write(1, text, sprintf(text, "%d\n", sum));
		_exit(sum % 7);
	}
EOF2
for how in 0 1; do
	rm -rf .ckpt
	configure '' >ckpt.toml
	./main $how >out.plain 2>err.plain
	status=$?
	[ $status -lt 7 ] || skip 'seccomp is not available'
	for run in cold warm; do
		preload ./main $how >out.$run 2>err.$run
		expect_equal "status $how $run" $status $?
		expect_same out.plain out.$run
	done
	expect_counted hits 2
done
