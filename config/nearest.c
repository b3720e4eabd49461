/* SPDX-License-Identifier: MIT */
#include "config/nearest.h"

#include <string.h>

enum { WORD_MAX = 40 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment distance; both at most WORD_MAX long. */
static size_t count_edits(const char *a, const char *b)
{
	size_t edits[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);

	for (size_t i = 0; i <= a_size; i++)
		edits[i][0] = i;
	for (size_t j = 0; j <= b_size; j++)
		edits[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		for (size_t j = 1; j <= b_size; j++) {
			edits[i][j] = min3(
				edits[i - 1][j] + 1, edits[i][j - 1] + 1,
				edits[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    edits[i - 2][j - 2] + 1 < edits[i][j])
				edits[i][j] = edits[i - 2][j - 2] + 1;
		}
	}
	return edits[a_size][b_size];
}

const char *ckpt_nearest(const char *word, const char *const *words,
			 size_t count, size_t stride)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3;

	if (strlen(word) > WORD_MAX)
		return NULL;
	if (least < 1)
		least = 1;
	for (size_t i = 0; i < count; i++) {
		const char *known = *(const char *const *)((const char *)words +
							   i * stride);
		size_t edits;

		if (!known || strlen(known) > WORD_MAX)
			continue;
		edits = count_edits(word, known);
		if (edits < least || (edits == least && !best)) {
			best = known;
			least = edits;
		}
	}
	return best;
}
