/* SPDX-License-Identifier: MIT */
/*
 * usage: guest: loads libsum.so, calls it, and prints all that a library in
 * its process might have left behind.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child_signals;

static void count_signal(int number)
{
	(void)number;
	child_signals++;
}

static void print_signals(void)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < 64; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action))
			continue;
		if (sigismember(&mask, i) || action.sa_handler != SIG_DFL)
			printf("signal %d: blocked %d handler %d\n", i,
			       sigismember(&mask, i),
			       action.sa_handler == SIG_IGN
				       ? 1
				       : 2 * (action.sa_handler != SIG_DFL));
	}
}

static void print_state(const char *when)
{
	struct rlimit limit;
	mode_t mask = umask(0);
	int status, fd = dup(0);
	pid_t child;

	umask(mask);
	errno = 0;
	child = waitpid(-1, &status, WNOHANG);
	printf("%s: child %d errno %d, signals %d, next fd %d, umask %o\n",
	       when, (int)child, errno, (int)child_signals, fd, (unsigned)mask);
	close(fd);
	print_signals();
	getrlimit(RLIMIT_NOFILE, &limit);
	printf("files %llu, rounding %d, nice %d, timer %u\n",
	       (unsigned long long)limit.rlim_cur, fegetround(),
	       getpriority(PRIO_PROCESS, 0), alarm(0));
}

static void print_environment(char **at)
{
	for (; *at; at++)
		if (!strncmp(*at, "CKPT_", 5) || !strncmp(*at, "LD_", 3))
			continue;
		else if (*at[0] != '_')
			puts(*at);
}

int main(int argc, char **argv, char **environment)
{
	struct sigaction action = {.sa_handler = count_signal};
	double (*sum)(const int *, size_t);
	int values[] = {1, 2, 3};
	void *library;

	(void)argc;
	(void)argv;
	print_state("start");
	sigaction(SIGCHLD, &action, NULL);
	if (chdir("/"))
		return 1;
	library = dlopen("libsum.so", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		puts(dlerror());
		return 1;
	}
	print_state("loaded");
	*(void **)&sum = dlsym(library, "sum_slowly");
	errno = 77;
	printf("%.17g", sum(values, 3));
	printf(" errno %d\n", errno);
	printf("%.17g\n", sum(values, 3));
	print_state("called");
	print_environment(environment);
	printf("closed %d\n", dlclose(library));
	return 0;
}
