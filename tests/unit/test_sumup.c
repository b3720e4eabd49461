/* SPDX-License-Identifier: MIT */
#include "tools/sumup.h"

#include "tests/unit/unit.h"

static struct ckpt_sumup sum;

static void set_up(void)
{
	sum = (struct ckpt_sumup){.count = 0};
}

static void tear_down(void)
{
	ckpt_sumup_deinit(&sum);
}

START_TEST(elements_of_one_argument_are_one_thing)
{
	ck_assert_int_eq(ckpt_sumup_add(&sum, "prob->x[12][0..63]: differs\n"
					      "prob->x[13]: 4, was 3\n"),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_sumup_add(&sum, "prob->x[1].value: differs\n"
					      "prob->x[1]: was not there\n"),
			 CKPT_OK);
	ck_assert_uint_eq(sum.compared, 2);
	ck_assert_uint_eq(sum.count, 2);
	ck_assert_str_eq(sum.items[0].what, "prob->x");
	ck_assert_uint_eq(sum.items[0].count, 2);
	ck_assert_str_eq(sum.items[1].what, "prob->x.value");
	ck_assert_uint_eq(sum.items[1].count, 1);
}
END_TEST

START_TEST(lines_without_a_value_are_kept_whole)
{
	ck_assert_int_eq(ckpt_sumup_add(&sum, "2 inputs are gone"), CKPT_OK);
	ck_assert_str_eq(sum.items[0].what, "2 inputs are gone");
	ck_assert_ptr_null(ckpt_sumup_global(&sum.items[0]));
}
END_TEST

START_TEST(globals_are_known_by_name)
{
	ck_assert_int_eq(ckpt_sumup_add(&sum, "global: calls: 4, was 3\n"
					      "code: f in libx.so: differs\n"),
			 CKPT_OK);
	ck_assert_str_eq(ckpt_sumup_global(&sum.items[0]), "calls");
	ck_assert_ptr_null(ckpt_sumup_global(&sum.items[1]));
	ck_assert_str_eq(sum.items[1].what, "code: f in libx.so");
}
END_TEST

UNIT_MAIN_WITH("sumup", set_up, tear_down,
	       elements_of_one_argument_are_one_thing,
	       lines_without_a_value_are_kept_whole, globals_are_known_by_name)
