/* SPDX-License-Identifier: MIT */
/* usage: number FILE */
#include <stdio.h>

int first_number(const char *path);

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	printf("%d\n", first_number(argv[1]));
	return 0;
}
