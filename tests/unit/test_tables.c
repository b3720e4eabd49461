/* SPDX-License-Identifier: MIT */
#include "shim/planner/plan/tables.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const char *text_at(const struct ckpt_tables *tables, uint32_t off)
{
	return (const char *)tables->sections[CKPT_PLAN_STRINGS].data + off;
}

START_TEST(equal_texts_are_stored_once)
{
	struct ckpt_tables tables;
	uint32_t a, b;

	ckpt_tables_init(&tables);
	a = ckpt_tables_text(&tables, "alpha");
	b = ckpt_tables_text(&tables, "beta");
	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(ckpt_tables_text(&tables, "alpha"), a);
	ck_assert_str_eq(text_at(&tables, a), "alpha");
	ck_assert_str_eq(text_at(&tables, b), "beta");
	ck_assert_uint_eq(tables.sections[CKPT_PLAN_STRINGS].size, 11);
	ckpt_tables_deinit(&tables);
}
END_TEST

START_TEST(thousands_of_texts_are_found_again)
{
	struct ckpt_tables tables;
	uint32_t offs[5000];
	char text[32];

	ckpt_tables_init(&tables);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		offs[i] = ckpt_tables_text(&tables, text);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		ck_assert_uint_eq(ckpt_tables_text(&tables, text), offs[i]);
	}
	ckpt_tables_deinit(&tables);
}
END_TEST

START_TEST(no_text_is_none)
{
	struct ckpt_tables tables;

	ckpt_tables_init(&tables);
	ck_assert_uint_eq(ckpt_tables_text(&tables, NULL), CKPT_PLAN_NONE);
	ck_assert_uint_eq(ckpt_tables_text(&tables, ""), 0);
	ckpt_tables_deinit(&tables);
}
END_TEST

START_TEST(entries_are_numbered_by_section)
{
	struct ckpt_plan_field field = {.off = 4};
	struct ckpt_plan_input input = {.kind = CKPT_INPUT_FILE};
	struct ckpt_tables tables;

	ckpt_tables_init(&tables);
	ck_assert_uint_eq(ckpt_tables_add(&tables, CKPT_PLAN_FIELDS, &field,
					  sizeof(field)),
			  0);
	ck_assert_uint_eq(ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &input,
					  sizeof(input)),
			  0);
	ck_assert_uint_eq(ckpt_tables_add(&tables, CKPT_PLAN_FIELDS, &field,
					  sizeof(field)),
			  1);
	ck_assert_uint_eq(ckpt_tables_count(&tables, CKPT_PLAN_FIELDS), 2);
	ck_assert_int_eq(ckpt_tables_status(&tables), CKPT_OK);
	ckpt_tables_deinit(&tables);
}
END_TEST

START_TEST(rewinding_drops_entries_and_keeps_strings)
{
	struct ckpt_plan_field field = {.off = 4};
	struct ckpt_tables_mark mark;
	struct ckpt_tables tables;
	uint32_t text;

	ckpt_tables_init(&tables);
	ckpt_tables_add(&tables, CKPT_PLAN_FIELDS, &field, sizeof(field));
	mark = ckpt_tables_mark(&tables);
	ckpt_tables_add(&tables, CKPT_PLAN_FIELDS, &field, sizeof(field));
	text = ckpt_tables_text(&tables, "kept");
	ckpt_tables_rewind(&tables, &mark);
	ck_assert_uint_eq(ckpt_tables_count(&tables, CKPT_PLAN_FIELDS), 1);
	ck_assert_uint_eq(ckpt_tables_text(&tables, "kept"), text);
	ckpt_tables_deinit(&tables);
}
END_TEST

START_TEST(equal_lists_are_stored_once)
{
	struct ckpt_plan_input inputs[3] = {{1, 2}, {3, 4}, {5, 6}};
	struct ckpt_tables_mark mark;
	struct ckpt_tables tables;

	ckpt_tables_init(&tables);
	for (size_t i = 0; i < 3; i++)
		ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &inputs[i],
				sizeof(inputs[i]));
	ck_assert_uint_eq(ckpt_tables_share(&tables, CKPT_PLAN_INPUTS, 0), 0);
	mark = ckpt_tables_mark(&tables);
	for (size_t i = 0; i < 2; i++)
		ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &inputs[i],
				sizeof(inputs[i]));
	/* A part of another list is not the same list. */
	ck_assert_uint_eq(ckpt_tables_share(&tables, CKPT_PLAN_INPUTS, 3), 3);
	for (size_t i = 0; i < 2; i++)
		ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &inputs[i],
				sizeof(inputs[i]));
	ck_assert_uint_eq(ckpt_tables_share(&tables, CKPT_PLAN_INPUTS, 5), 3);
	ck_assert_uint_eq(ckpt_tables_count(&tables, CKPT_PLAN_INPUTS), 5);
	ckpt_tables_rewind(&tables, &mark);
	ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &inputs[0],
			sizeof(inputs[0]));
	ckpt_tables_add(&tables, CKPT_PLAN_INPUTS, &inputs[1],
			sizeof(inputs[1]));
	ck_assert_uint_eq(ckpt_tables_share(&tables, CKPT_PLAN_INPUTS, 3), 3);
	ckpt_tables_deinit(&tables);
}
END_TEST

UNIT_MAIN("tables", equal_lists_are_stored_once, equal_texts_are_stored_once,
	  thousands_of_texts_are_found_again, no_text_is_none,
	  rewinding_drops_entries_and_keeps_strings,
	  entries_are_numbered_by_section)
