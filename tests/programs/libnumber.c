/* SPDX-License-Identifier: MIT */
/* An impure function: it reads a file that no argument tells about. */
#include <stdio.h>
#include <stdlib.h>

int first_number(const char *path);

int first_number(const char *path)
{
	FILE *file = fopen(path, "r");
	int number;

	if (!file || fscanf(file, "%d", &number) != 1) {
		puts("no number");
		exit(0);
	}
	fclose(file);
	return number;
}
