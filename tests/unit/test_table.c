/* SPDX-License-Identifier: MIT */
#include "tools/table.h"

#include "tests/unit/unit.h"

static void expect(struct ckpt_table *table, const char *text)
{
	char *written = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&written, &size);

	ck_assert_int_eq(ckpt_table_print(table, file), CKPT_OK);
	fclose(file);
	ck_assert_str_eq(written, text);
	free(written);
	ckpt_table_deinit(table);
}

START_TEST(columns_are_as_wide_as_what_stands_in_them)
{
	static const struct ckpt_table_column columns[] = {
		{"name", true}, {"hits", false}, {"where", true}};
	struct ckpt_table table = {.columns = columns, .column_count = 3};

	ckpt_table_add(&table, "a");
	ckpt_table_add(&table, "%d", 12345);
	ckpt_table_add(&table, "here");
	ckpt_table_add(&table, "größer");
	ckpt_table_add(&table, "%d", 1);
	ckpt_table_add(&table, "there and there");
	expect(&table, "name     hits  where\n"
		       "a       12345  here\n"
		       "größer      1  there and there\n");
}
END_TEST

START_TEST(a_table_without_rows_has_heads)
{
	static const struct ckpt_table_column columns[] = {{"name", true},
							   {"hits", false}};
	struct ckpt_table table = {.columns = columns, .column_count = 2};

	expect(&table, "name  hits\n");
}
END_TEST

UNIT_MAIN("table", columns_are_as_wide_as_what_stands_in_them,
	  a_table_without_rows_has_heads)
