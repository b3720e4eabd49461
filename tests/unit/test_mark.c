/* SPDX-License-Identifier: MIT */
#include "shim/store/mark.h"

#include "tests/unit/unit.h"

START_TEST(few_hits_are_counted_one_by_one)
{
	uint32_t dice = 1;
	uint8_t mark = 0;

	for (uint64_t i = 0; i <= 32; i++) {
		ck_assert_uint_eq(ckpt_mark_count(mark), i);
		ck_assert_int_eq(ckpt_mark_is_used(&mark), i != 0);
		ckpt_mark_hit(&mark, &dice);
	}
}
END_TEST

START_TEST(steps_grow_with_the_count)
{
	for (unsigned steps = 32; steps < 127; steps++) {
		uint64_t count = ckpt_mark_count((uint8_t)steps);
		uint64_t next = ckpt_mark_count((uint8_t)(steps + 1));

		ck_assert_uint_gt(next, count);
		ck_assert_uint_le(next - count, count / 2);
	}
	ck_assert(!ckpt_mark_is_step(127, 0));
	ck_assert_uint_gt(ckpt_mark_count(127), 100000000);
}
END_TEST

START_TEST(many_hits_are_counted_right_on_average)
{
	enum { MARKS = 200 };
	static const uint64_t hits[] = {100, 3000, 100000};
	uint32_t dice = 7;

	for (int n = 0; n < 3; n++) {
		uint8_t marks[MARKS] = {0};
		double sum = 0, most = 0;

		/* In turn, as a loop over the same calls would. */
		for (uint64_t i = 0; i < hits[n]; i++)
			for (int k = 0; k < MARKS; k++)
				ckpt_mark_hit(&marks[k], &dice);
		for (int k = 0; k < MARKS; k++) {
			double ratio = (double)ckpt_mark_count(marks[k]) /
				       (double)hits[n];

			sum += ratio;
			if (ratio > most)
				most = ratio;
			ck_assert_double_gt(ratio, 0.2);
		}
		ck_assert_double_le(most, 3);
		ck_assert_double_eq_tol(sum / MARKS, 1, 0.1);
	}
}
END_TEST

START_TEST(looking_keeps_the_count)
{
	uint32_t dice = 1;
	uint8_t mark = 0;

	for (int i = 0; i < 9; i++)
		ckpt_mark_hit(&mark, &dice);
	ckpt_mark_clear(&mark);
	ck_assert(!ckpt_mark_is_used(&mark));
	ck_assert_uint_eq(ckpt_mark_count(mark), 9);
	ckpt_mark_hit(&mark, &dice);
	ck_assert(ckpt_mark_is_used(&mark));
	ck_assert_uint_eq(ckpt_mark_count(mark), 10);
}
END_TEST

UNIT_MAIN("mark", few_hits_are_counted_one_by_one, steps_grow_with_the_count,
	  many_hits_are_counted_right_on_average, looking_keeps_the_count)
