/* SPDX-License-Identifier: MIT */
/* Memory in every direction: in, out, in and out, made by the function, static,
 * an alias of an argument, nested. */
#include "tests/programs/memory.h"

#include <stdlib.h>
#include <string.h>

char *m_upper(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	for (size_t i = 0; copy && i < size; i++)
		copy[i] = (char)(text[i] >= 'a' && text[i] <= 'z'
					 ? text[i] - 'a' + 'A'
					 : text[i]);
	return copy;
}

const char *m_name(int number)
{
	static char text[32];
	int at = 0;

	do {
		text[at++] = (char)('a' + number % 26);
		number /= 26;
	} while (number && at < 31);
	text[at] = '\0';
	return text;
}

int *m_largest(int *values, size_t count)
{
	int *largest = NULL;

	for (size_t i = 0; i < count; i++)
		if (!largest || values[i] > *largest)
			largest = &values[i];
	return largest;
}

int m_split(const char *text, char **left, char **right)
{
	const char *colon = strchr(text, ':');

	*left = *right = NULL;
	if (!colon)
		return -1;
	*left = strndup(text, (size_t)(colon - text));
	*right = strdup(colon + 1);
	return 0;
}

void m_scale(struct m_table *table, int factor)
{
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t j = 0; j < table->rows[i].count; j++)
			table->rows[i].cells[j] *= factor;
	table->sum = 0;
	for (size_t i = 0; i < table->row_count; i++)
		for (size_t j = 0; j < table->rows[i].count; j++)
			table->sum += table->rows[i].cells[j];
}

int m_pack(const unsigned char *in, size_t in_size, unsigned char *out,
	   size_t *out_size)
{
	size_t used = 0;

	for (size_t i = 0; i < in_size;) {
		size_t run = 1;

		while (i + run < in_size && run < 255 && in[i + run] == in[i])
			run++;
		if (*out_size - used < 2)
			return 0;
		out[used++] = (unsigned char)run;
		out[used++] = in[i];
		i += run;
	}
	*out_size = used;
	return 1;
}
