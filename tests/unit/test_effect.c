/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/effect.h"

#include "tests/unit/unit.h"

#include <string.h>

static struct ckpt_arena out;

static const struct ckpt_effect EFFECTS[] = {
	{.op = CKPT_EFFECT_ALLOC, .clause = 3, .size = 16, .capacity = 64},
	{.op = CKPT_EFFECT_STATIC,
	 .clause = 4,
	 .size = 8,
	 .target = CKPT_TARGET_OBJECT,
	 .identity = {1, UINT64_MAX},
	 .target_off = 0x4000},
	{.op = CKPT_EFFECT_BYTES,
	 .extent = 300,
	 .off = 1ull << 40,
	 .size = 2,
	 .stride = 16,
	 .count = 3},
	{.op = CKPT_EFFECT_BYTES, .extent = 1, .size = 6, .count = 1},
	{.op = CKPT_EFFECT_BITS,
	 .extent = 2,
	 .off = 4,
	 .bit_off = 3,
	 .bit_size = 61,
	 .value = UINT64_MAX >> 3},
	{.op = CKPT_EFFECT_POINTER,
	 .extent = 1,
	 .off = 8,
	 .target = CKPT_TARGET_EXTENT,
	 .target_extent = 7,
	 .target_off = 9},
	{.op = CKPT_EFFECT_POINTER, .extent = 1, .off = 16},
	{.op = CKPT_EFFECT_FREE, .extent = 5},
	{.op = CKPT_EFFECT_END, .extent = 9},
};

enum { EFFECT_COUNT = sizeof(EFFECTS) / sizeof(EFFECTS[0]) };

static void write_all(void)
{
	ckpt_arena_deinit(&out);
	ck_assert_int_eq(ckpt_effect_begin(&out, 7), CKPT_OK);
	for (int i = 0; i < EFFECT_COUNT; i++) {
		uint8_t *payload = NULL;

		ck_assert_int_eq(ckpt_effect_put(&out, &EFFECTS[i], &payload),
				 CKPT_OK);
		if (EFFECTS[i].op == CKPT_EFFECT_BYTES)
			memcpy(payload, "abcdef", 6);
	}
}

/* How many effects can be read of the first `size` bytes of `data`. */
static int count_readable(const uint8_t *data, size_t size)
{
	struct ckpt_effect effect = {.op = CKPT_EFFECT_BYTES};
	struct ckpt_reader reader;
	uint32_t extents;
	int count = 0;

	ckpt_reader_init(&reader, data, size);
	if (ckpt_effect_open(&reader, &extents))
		return -1;
	while (effect.op != CKPT_EFFECT_END) {
		if (ckpt_effect_next(&reader, &effect))
			return -1;
		count++;
	}
	return count;
}

START_TEST(what_was_written_is_read_again)
{
	struct ckpt_reader reader;
	uint32_t extents = 0;

	write_all();
	ckpt_reader_init(&reader, out.data, out.size);
	ck_assert_int_eq(ckpt_effect_open(&reader, &extents), CKPT_OK);
	ck_assert_uint_eq(extents, 7);
	for (int i = 0; i < EFFECT_COUNT; i++) {
		struct ckpt_effect effect;

		ck_assert_int_eq(ckpt_effect_next(&reader, &effect), CKPT_OK);
		if (EFFECTS[i].op == CKPT_EFFECT_BYTES)
			ck_assert_mem_eq(effect.payload, "abcdef", 6);
		effect.payload = NULL;
		ck_assert_mem_eq(&effect, &EFFECTS[i], sizeof(effect));
	}
	ck_assert_uint_eq(ckpt_reader_left(&reader), 0);
}
END_TEST

START_TEST(a_stream_cut_anywhere_is_bad_data)
{
	write_all();
	for (size_t size = 0; size < out.size; size++)
		ck_assert_int_eq(count_readable(out.data, size), -1);
	ck_assert_int_eq(count_readable(out.data, out.size), EFFECT_COUNT);
}
END_TEST

START_TEST(bytes_behind_the_end_are_bad_data)
{
	void *more;

	write_all();
	ck_assert_int_eq(ckpt_arena_add(&out, 1, &more), CKPT_OK);
	ck_assert_int_eq(count_readable(out.data, out.size), -1);
}
END_TEST

START_TEST(another_version_and_unknown_effects_are_bad_data)
{
	static const uint8_t unknown[] = {CKPT_EFFECT_VERSION, 1,
					  CKPT_EFFECT_OP_COUNT, 0};

	write_all();
	out.data[0]++;
	ck_assert_int_eq(count_readable(out.data, out.size), -1);
	ck_assert_int_eq(count_readable(unknown, sizeof(unknown)), -1);
}
END_TEST

START_TEST(sizes_that_overflow_are_bad_data)
{
	/* BYTES of extent 0 at 0: 2^63 bytes, twice, 0 apart. */
	static const uint8_t huge[] = {CKPT_EFFECT_VERSION,
				       1,
				       CKPT_EFFECT_BYTES,
				       0,
				       0,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x80,
				       0x01,
				       2,
				       0};

	ck_assert_int_eq(count_readable(huge, sizeof(huge)), -1);
}
END_TEST

UNIT_MAIN("effect", what_was_written_is_read_again,
	  a_stream_cut_anywhere_is_bad_data, bytes_behind_the_end_are_bad_data,
	  another_version_and_unknown_effects_are_bad_data,
	  sizes_that_overflow_are_bad_data)
