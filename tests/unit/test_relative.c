/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/relative.h"

#include "tests/unit/unit.h"

/* An object of 200 words; which of them are visited, in order. */
static uint64_t words[200];
static size_t visited[200], visited_count, stop_at;

static enum ckpt_status note(void *context, uint64_t *word)
{
	ck_assert_ptr_eq(context, words);
	visited[visited_count++] = (size_t)(word - words);
	return visited_count == stop_at ? CKPT_NOMEM : CKPT_OK;
}

static void expect(const struct ckpt_dynamic *dynamic, const size_t *expected,
		   size_t count)
{
	visited_count = 0;
	stop_at = 0;
	ck_assert_int_eq(ckpt_relative_each(dynamic, note, words), CKPT_OK);
	ck_assert_uint_eq(visited_count, count);
	ck_assert_mem_eq(visited, expected, count * sizeof(*expected));
}

START_TEST(counted_relocations_are_visited_and_no_others)
{
	static const Elf64_Rela relas[] = {
		{.r_offset = 8 * 3}, {.r_offset = 8 * 1}, {.r_offset = 8 * 9}};
	static const size_t expected[] = {1, 3};
	const struct ckpt_dynamic dynamic = {.base = (uintptr_t)words,
					     .relas = relas + 2,
					     .rela_count = 1,
					     .relative_count = 2};

	expect(&dynamic, expected, 2);
}
END_TEST

/* The example of the proposal: an address, then a bit for each word behind. */
START_TEST(packed_relocations_are_visited)
{
	static const uint64_t relrs[] = {8 * 5,		       /* word 5 */
					 1 | 1 << 1 | 1 << 3,  /* 6 and 8 */
					 1 | 1ull << 63,       /* 69 + 62 */
					 8 * 150, 1 | 1 << 2}; /* 150, 152 */
	static const size_t expected[] = {5, 6, 8, 131, 150, 152};
	const struct ckpt_dynamic dynamic = {
		.base = (uintptr_t)words, .relrs = relrs, .relr_count = 5};

	expect(&dynamic, expected, 6);
}
END_TEST

START_TEST(a_bitmap_without_an_address_is_passed_over)
{
	static const uint64_t relrs[] = {1 | 1 << 1};
	const struct ckpt_dynamic dynamic = {
		.base = (uintptr_t)words, .relrs = relrs, .relr_count = 1};

	expect(&dynamic, NULL, 0);
}
END_TEST

START_TEST(a_failure_ends_it)
{
	static const uint64_t relrs[] = {8 * 5, 1 | 1 << 1 | 1 << 2};
	const struct ckpt_dynamic dynamic = {
		.base = (uintptr_t)words, .relrs = relrs, .relr_count = 2};

	visited_count = 0;
	stop_at = 2;
	ck_assert_int_eq(ckpt_relative_each(&dynamic, note, words), CKPT_NOMEM);
	ck_assert_uint_eq(visited_count, 2);
}
END_TEST

UNIT_MAIN("relative", counted_relocations_are_visited_and_no_others,
	  packed_relocations_are_visited,
	  a_bitmap_without_an_address_is_passed_over, a_failure_ends_it)
