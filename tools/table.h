/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_TABLE_H
#define CKPT_TOOLS_TABLE_H

/*
 * A table for a terminal: a line of heads, bold where there are colours, and
 * columns as wide as what stands in them.
 */

#include "shim/common/buf.h"

#include <stdbool.h>
#include <stdio.h>

enum { CKPT_TABLE_COLUMNS_MAX = 12 };

struct ckpt_table_column {
	const char *head;
	bool is_left; /* else its cells end under each other */
};

/* Start with the columns set and the rest zero. */
struct ckpt_table {
	const struct ckpt_table_column *columns;
	size_t column_count;
	struct ckpt_buf cells; /* private */
	size_t cell_count;
	size_t widths[CKPT_TABLE_COLUMNS_MAX];
};

/* The next cell, row by row from left to right. */
void ckpt_table_add(struct ckpt_table *table, const char *format, ...)
	CKPT_PRINTF(2, 3);
/* Write all of it. NOMEM: some cell could not be kept, nothing is written. */
enum ckpt_status ckpt_table_print(struct ckpt_table *table,
				  FILE *file) CKPT_MUST_CHECK;
void ckpt_table_deinit(struct ckpt_table *table);

#endif
