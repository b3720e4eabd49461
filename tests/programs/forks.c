/* SPDX-License-Identifier: MIT */
/* usage: forks: a child calls, then its parent calls the same. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

double sum_slowly(const int *values, size_t count);

static void call(const char *who, int last)
{
	int values[] = {5, 6, last};

	printf("%s %.17g\n", who, sum_slowly(values, 3));
	fflush(stdout);
}

static int in_child(int last)
{
	pid_t child = fork();
	int status = -1;

	if (!child) {
		call("child", last);
		_exit(3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WEXITSTATUS(status);
}

int main(void)
{
	printf("%d\n", in_child(7)); /* before the first call */
	call("parent", 7);
	printf("%d\n", in_child(8)); /* and with the store open */
	call("parent", 8);
	printf("%d\n", in_child(8));
	return 0;
}
