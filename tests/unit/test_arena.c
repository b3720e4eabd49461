/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/arena.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(what_was_added_survives_growth)
{
	struct ckpt_arena arena = {0};
	void *place;

	for (size_t i = 0; i < 100000; i++) {
		ck_assert_int_eq(ckpt_arena_add(&arena, sizeof(i), &place),
				 CKPT_OK);
		memcpy(place, &i, sizeof(i));
	}
	ck_assert_uint_eq(arena.size, 100000 * sizeof(size_t));
	for (size_t i = 0; i < 100000; i++)
		ck_assert_mem_eq(arena.data + i * sizeof(i), &i, sizeof(i));
	ckpt_arena_deinit(&arena);
	ck_assert_ptr_null(arena.data);
	ckpt_arena_deinit(&arena);
}
END_TEST

START_TEST(more_than_there_is_changes_nothing)
{
	struct ckpt_arena arena = {0};
	void *place = NULL;

	errno = 0;
	ck_assert_int_eq(ckpt_arena_add(&arena, 10, &place), CKPT_OK);
	ck_assert_int_eq(ckpt_arena_add(&arena, (size_t)1 << 60, &place),
			 CKPT_NOMEM);
	ck_assert_int_eq(ckpt_arena_add(&arena, SIZE_MAX, &place), CKPT_NOMEM);
	ck_assert_uint_eq(arena.size, 10);
	ck_assert_int_eq(errno, 0);
	ckpt_arena_deinit(&arena);
}
END_TEST

UNIT_MAIN("arena", what_was_added_survives_growth,
	  more_than_there_is_changes_nothing)
