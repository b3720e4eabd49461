/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_MEMORY_H
#define CKPT_TESTS_MEMORY_H

#include <stddef.h>

struct m_row {
	size_t count;
	int *cells;
};

struct m_table {
	char name; /* padding follows */
	size_t row_count;
	struct m_row *rows;
	long sum;
};

char *m_upper(const char *text);
const char *m_name(int number);
int *m_largest(int *values, size_t count);
int m_split(const char *text, char **left, char **right);
void m_scale(struct m_table *table, int factor);
/* Run lengths; 0 if *out_size is not enough. */
int m_pack(const unsigned char *in, size_t in_size, unsigned char *out,
	   size_t *out_size);

#endif
