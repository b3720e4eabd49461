/* SPDX-License-Identifier: MIT */
/* usage: memory: calls every function of libmemory and prints what it sees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/memory.h"

static void print_strings(void)
{
	char *upper = m_upper("some text");
	const char *name = m_name(123456);
	char *left, *right;
	int status;

	printf("%s %s", upper, name);
	printf(" then %s", m_name(77));
	printf(", the first is now %s\n", name);
	free(upper);
	status = m_split("key:value", &left, &right);
	printf("%d %s %s\n", status, left, right);
	free(left);
	free(right);
	status = m_split("none", &left, &right);
	printf("%d %d %d\n", status, left == NULL, right == NULL);
}

static void print_alias(void)
{
	int values[] = {3, 1, 4, 1, 5, 9, 2, 6};
	int *largest = m_largest(values, 8);

	printf("%d at %td\n", *largest, largest - values);
	printf("%d\n", m_largest(values, 0) == NULL);
}

static void print_table(void)
{
	int first[] = {1, 2, 3}, second[] = {40, 50};
	struct m_row rows[] = {{3, first}, {2, second}, {0, NULL}};
	struct m_table table;

	memset(&table, rand(), sizeof(table)); /* padding differs each run */
	table = (struct m_table){'t', 3, rows, 0};
	m_scale(&table, 7);
	printf("%d %d %d %d %d, %ld\n", first[0], first[1], first[2], second[0],
	       second[1], table.sum);
	m_scale(&table, 2);
	printf("%d %d, %ld\n", first[0], second[1], table.sum);
}

static void print_packed(void)
{
	static const unsigned char in[] = "aaaaabbbbbbbbbbcd";
	unsigned char out[32];
	size_t size = sizeof(out);
	int status;

	memset(out, '.', sizeof(out));
	status = m_pack(in, sizeof(in) - 1, out, &size);
	printf("%d %zu", status, size);
	for (size_t i = 0; i < sizeof(out); i++)
		printf(" %02x", out[i]);
	size = 3;
	status = m_pack(in, sizeof(in) - 1, out, &size);
	printf("\n%d %zu\n", status, size);
}

int main(void)
{
	print_strings();
	print_alias();
	print_table();
	print_packed();
	return 0;
}
