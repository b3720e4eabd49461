/* SPDX-License-Identifier: MIT */
#include "tools/table.h"

#include <stdarg.h>
#include <string.h>

#include "tools/cli.h"

enum { CELL_SIZE = 256 };

/* Columns that a text takes: characters of UTF-8, not bytes. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

void ckpt_table_add(struct ckpt_table *table, const char *format, ...)
{
	size_t column = table->cell_count++ % table->column_count;
	char text[CELL_SIZE];
	va_list args;
	size_t width;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	width = width_of(text);
	if (width > table->widths[column])
		table->widths[column] = width;
	ckpt_buf_add(&table->cells, text, strlen(text) + 1);
}

static void print_cell(const struct ckpt_table *table, size_t column,
		       const char *text, FILE *file)
{
	bool is_left = table->columns[column].is_left;
	bool is_last = column + 1 == table->column_count;
	int pad = (int)(table->widths[column] - width_of(text));

	fprintf(file, "%*s%s%*s%s", is_left ? 0 : pad, "", text,
		is_left && !is_last ? pad : 0, "", is_last ? "\n" : "  ");
}

static void print_heads(struct ckpt_table *table, FILE *file)
{
	bool is_coloured = ckpt_cli_is_coloured(file);

	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = width_of(table->columns[i].head);

		if (width > table->widths[i])
			table->widths[i] = width;
	}
	fputs(is_coloured ? "\033[1m" : "", file);
	for (size_t i = 0; i < table->column_count; i++)
		print_cell(table, i, table->columns[i].head, file);
	fputs(is_coloured ? "\033[0m" : "", file);
}

enum ckpt_status ckpt_table_print(struct ckpt_table *table, FILE *file)
{
	const char *text = (const char *)table->cells.data;
	enum ckpt_status status = ckpt_buf_status(&table->cells);

	if (status)
		return status;
	print_heads(table, file);
	for (size_t i = 0; i < table->cell_count; i++) {
		print_cell(table, i % table->column_count, text, file);
		text += strlen(text) + 1;
	}
	return CKPT_OK;
}

void ckpt_table_deinit(struct ckpt_table *table)
{
	ckpt_buf_deinit(&table->cells);
}
