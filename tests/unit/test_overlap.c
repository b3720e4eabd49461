/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/overlap.h"
#include "tests/unit/marshal.h"

static struct marshal m;
static uint8_t memory[1000];

static void start(void)
{
	marshal_init(&m);
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	m.call->extent_count = 1; /* number 0 is the result */
	m.call->extents[0] = (struct ckpt_extent){.address = NULL};
}

static void add(uint32_t off, uint32_t size)
{
	m.call->extents[m.call->extent_count++] = (struct ckpt_extent){
		.address = memory + off,
		.size = size,
		.bound = size,
	};
}

static struct ckpt_overlap sorted(void)
{
	struct ckpt_overlap overlap;

	ck_assert_int_eq(ckpt_overlap_init(m.call, 1, &overlap), CKPT_OK);
	return overlap;
}

static uint32_t pairs[16][2];
static uint32_t pair_count;

static enum ckpt_status note_pair(void *argument, uint32_t a, uint32_t b)
{
	(void)argument;
	pairs[pair_count][0] = a < b ? a : b;
	pairs[pair_count++][1] = a < b ? b : a;
	return CKPT_OK;
}

static bool has_pair(uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < pair_count; i++)
		if (pairs[i][0] == a && pairs[i][1] == b)
			return true;
	return false;
}

static void find_pairs(bool is_touching)
{
	struct ckpt_overlap overlap = sorted();

	pair_count = 0;
	ck_assert_int_eq(ckpt_overlap_pairs(m.call, &overlap, is_touching,
					    note_pair, NULL),
			 CKPT_OK);
}

START_TEST(pairs_that_share_a_byte_are_found)
{
	start();
	add(500, 100); /* 1 */
	add(0, 600);   /* 2: holds the start of 1 and all of 3 */
	add(10, 10);   /* 3 */
	add(600, 10);  /* 4: starts where 1 and 2 end */
	find_pairs(false);
	ck_assert_uint_eq(pair_count, 2);
	ck_assert(has_pair(1, 2) && has_pair(2, 3));
	find_pairs(true);
	ck_assert_uint_eq(pair_count, 4);
	ck_assert(has_pair(1, 4) && has_pair(2, 4));
}
END_TEST

START_TEST(an_address_is_found_inside_before_behind)
{
	struct ckpt_overlap overlap;
	uint32_t number = 0;

	start();
	add(100, 50); /* 1 */
	add(150, 50); /* 2 */
	add(0, 20);   /* 3 */
	overlap = sorted();
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 150, &number),
		CKPT_OK);
	ck_assert_uint_eq(number, 2);
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 149, &number),
		CKPT_OK);
	ck_assert_uint_eq(number, 1);
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 20, &number),
		CKPT_OK);
	ck_assert_uint_eq(number, 3);
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 21, &number),
		CKPT_NOTFOUND);
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 201, &number),
		CKPT_NOTFOUND);
}
END_TEST

START_TEST(an_address_in_a_long_extent_is_found_behind_short_ones)
{
	struct ckpt_overlap overlap;
	uint32_t number = 0;

	start();
	add(0, 900);
	for (uint32_t i = 1; i < 9; i++)
		add(i * 50, 10);
	overlap = sorted();
	ck_assert_int_eq(
		ckpt_overlap_find(m.call, &overlap, memory + 800, &number),
		CKPT_OK);
	ck_assert_uint_eq(number, 1);
}
END_TEST

START_TEST(what_is_gone_is_left_out)
{
	struct ckpt_overlap overlap;
	uint32_t number;

	start();
	add(0, 100);
	m.call->extents[1].flags = CKPT_EXTENT_IS_GONE;
	overlap = sorted();
	ck_assert_int_eq(ckpt_overlap_find(m.call, &overlap, memory, &number),
			 CKPT_NOTFOUND);
}
END_TEST

UNIT_MAIN("overlap", pairs_that_share_a_byte_are_found,
	  an_address_is_found_inside_before_behind,
	  an_address_in_a_long_extent_is_found_behind_short_ones,
	  what_is_gone_is_left_out)
