/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/pool.h"

#include "tests/unit/unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(pieces_are_zero_aligned_and_apart)
{
	struct ckpt_pool pool = {0};
	char *pieces[100];

	for (size_t i = 0; i < 100; i++) {
		size_t size = 1 + i * i * 7;

		pieces[i] = ckpt_pool_alloc(&pool, size, 1);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
		for (size_t k = 0; k < size; k++)
			ck_assert_int_eq(pieces[i][k], 0);
		memset(pieces[i], (int)i, size);
	}
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(pieces[i][i * i * 7], (char)i);
	ckpt_pool_deinit(&pool);
}
END_TEST

START_TEST(a_size_that_overflows_is_refused)
{
	struct ckpt_pool pool = {0};

	ck_assert_ptr_null(ckpt_pool_alloc(&pool, SIZE_MAX, 2));
	ck_assert_ptr_null(ckpt_pool_alloc(&pool, SIZE_MAX, 1));
	ckpt_pool_deinit(&pool);
}
END_TEST

START_TEST(texts_are_formatted_whole)
{
	struct ckpt_pool pool = {0};

	ck_assert_str_eq(ckpt_pool_format(&pool, "%s+0x%x", "solve", 18),
			 "solve+0x12");
	ck_assert_uint_eq(strlen(ckpt_pool_format(&pool, "%9999d", 1)), 9999);
	ckpt_pool_deinit(&pool);
}
END_TEST

UNIT_MAIN("pool", pieces_are_zero_aligned_and_apart,
	  a_size_that_overflows_is_refused, texts_are_formatted_whole)
