/* SPDX-License-Identifier: MIT */
/* Components spelled out byte by byte, as components.h says they stand. */
#include <string.h>

#include "shim/common/payload.h"
#include "tests/unit/unit.h"
#include "tools/why.h"

static struct ckpt_buf mine, other, out;

static void set_up(void)
{
	mine = other = out = (struct ckpt_buf){0};
}

static void tear_down(void)
{
	ckpt_buf_deinit(&mine);
	ckpt_buf_deinit(&other);
	ckpt_buf_deinit(&out);
}

static void add_head(struct ckpt_buf *buf, int kind, int form, const char *path,
		     uint32_t element_size, uint64_t size)
{
	ckpt_buf_add_u8(buf, (uint8_t)kind);
	ckpt_buf_add_u8(buf, (uint8_t)form);
	ckpt_buf_add_u8(buf, (uint8_t)strlen(path));
	ckpt_buf_add_u8(buf, 0);
	ckpt_buf_add_u32(buf, element_size);
	ckpt_buf_add_u64(buf, size);
	ckpt_buf_add_text(buf, path);
}

static void add_int(struct ckpt_buf *buf, int kind, const char *path,
		    uint32_t value)
{
	add_head(buf, kind, CKPT_COMPONENT_INLINE, path, 4, 4);
	ckpt_buf_add_u32(buf, value);
}

static void add_digest(struct ckpt_buf *buf, const char *path, uint64_t value)
{
	add_head(buf, CKPT_COMPONENT_PARAMETER, CKPT_COMPONENT_DIGEST, path, 8,
		 400);
	ckpt_buf_add_u64(buf, value);
	ckpt_buf_add_u64(buf, 0);
}

/* Four blocks of ten elements of eight bytes; the last one shorter. */
static void add_blocks(struct ckpt_buf *buf, const char *path,
		       const uint64_t digests[4])
{
	add_head(buf, CKPT_COMPONENT_PARAMETER, CKPT_COMPONENT_BLOCKS, path, 8,
		 35 * 8);
	ckpt_buf_add_u64(buf, 80);
	ckpt_buf_add_u32(buf, 4);
	for (int i = 0; i < 4; i++)
		ckpt_buf_add_u64(buf, digests[i]);
}

static void expect(size_t differing, const char *text)
{
	const struct ckpt_why_more more = {.code = NULL};
	struct ckpt_why_list a, b;
	struct ckpt_reader reader;

	ckpt_reader_init(&reader, mine.data, mine.size);
	ck_assert_int_eq(ckpt_why_list_read(&reader, &a), CKPT_OK);
	ckpt_reader_init(&reader, other.data, other.size);
	ck_assert_int_eq(ckpt_why_list_read(&reader, &b), CKPT_OK);
	ckpt_why_describe(&a, &b, &more, &out);
	ckpt_buf_add_u8(&out, 0);
	ck_assert_str_eq((const char *)out.data, text);
	ck_assert_uint_eq(ckpt_why_count(&a, &b, SIZE_MAX), differing);
	if (differing)
		ck_assert_uint_gt(ckpt_why_count(&a, &b, differing - 1),
				  differing - 1);
	ckpt_why_list_deinit(&a);
	ckpt_why_list_deinit(&b);
}

START_TEST(equal_components_do_not_differ)
{
	add_int(&mine, CKPT_COMPONENT_PARAMETER, "n", 3);
	add_int(&other, CKPT_COMPONENT_PARAMETER, "n", 3);
	expect(0, "");
}
END_TEST

START_TEST(small_values_are_told)
{
	add_int(&mine, CKPT_COMPONENT_PARAMETER, "n", 4);
	add_int(&mine, CKPT_COMPONENT_GLOBAL, "tolerance", 7);
	add_int(&other, CKPT_COMPONENT_PARAMETER, "n", 3);
	add_int(&other, CKPT_COMPONENT_GLOBAL, "tolerance", 8);
	expect(2, "n: 4, was 3\nglobal: tolerance: 7, was 8\n");
}
END_TEST

START_TEST(element_of_a_small_array_is_told)
{
	add_head(&mine, CKPT_COMPONENT_PARAMETER, CKPT_COMPONENT_INLINE, "x", 4,
		 12);
	add_head(&other, CKPT_COMPONENT_PARAMETER, CKPT_COMPONENT_INLINE, "x",
		 4, 12);
	for (uint32_t i = 0; i < 3; i++) {
		ckpt_buf_add_u32(&mine, i);
		ckpt_buf_add_u32(&other, i == 2 ? 7 : i);
	}
	expect(1, "x[2]: 2, was 7\n");
}
END_TEST

static void add_double(struct ckpt_buf *buf, const char *path, double value)
{
	static const uint8_t type[] = {0,   8,	 0,   0,   0,	6,
				       'd', 'o', 'u', 'b', 'l', 'e'};

	add_head(buf, CKPT_COMPONENT_PARAMETER, CKPT_COMPONENT_TYPED, path, 8,
		 8);
	ckpt_buf_add_u32(buf, 8);
	ckpt_buf_add_u8(buf, sizeof(type));
	ckpt_buf_add_u8(buf, 0);
	ckpt_buf_add(buf, type, sizeof(type));
	ckpt_buf_add(buf, &value, sizeof(value));
}

START_TEST(values_are_told_by_their_type)
{
	add_double(&mine, "x", 2.5);
	add_double(&other, "x", -1);
	expect(1, "x: 2.5, was -1\n");
}
END_TEST

START_TEST(digests_only_differ)
{
	add_digest(&mine, "x", 1);
	add_digest(&other, "x", 2);
	expect(1, "x: differs\n");
}
END_TEST

START_TEST(blocks_tell_the_elements)
{
	add_blocks(&mine, "prob->x[12]", (uint64_t[]){1, 2, 3, 4});
	add_blocks(&other, "prob->x[12]", (uint64_t[]){1, 9, 9, 4});
	expect(1, "prob->x[12][10..29]: differs\n");
}
END_TEST

START_TEST(last_block_ends_with_the_extent)
{
	add_blocks(&mine, "y", (uint64_t[]){1, 2, 3, 4});
	add_blocks(&other, "y", (uint64_t[]){0, 2, 3, 9});
	expect(1, "y[0..9, 30..34]: differs\n");
}
END_TEST

START_TEST(inputs_that_came_or_went_are_told)
{
	add_digest(&mine, "x", 1);
	add_digest(&mine, "x[1]", 1);
	add_digest(&other, "x", 1);
	add_digest(&other, "y", 1);
	add_digest(&other, "z", 1);
	expect(3, "x[1]: was not there\n2 inputs are gone\n");
}
END_TEST

START_TEST(code_is_told_in_words)
{
	add_head(&mine, CKPT_COMPONENT_CODE, CKPT_COMPONENT_INLINE, "", 0, 4);
	ckpt_buf_add_u32(&mine, 1);
	add_head(&other, CKPT_COMPONENT_CODE, CKPT_COMPONENT_INLINE, "", 0, 4);
	ckpt_buf_add_u32(&other, 2);
	expect(1, "code: the function, one it calls, or a constant of them: "
		  "differs\n");
}
END_TEST

START_TEST(components_cut_short_are_bad_data)
{
	struct ckpt_why_list list;
	struct ckpt_reader reader;

	add_digest(&mine, "x", 1);
	ckpt_reader_init(&reader, mine.data, mine.size - 1);
	ck_assert_int_eq(ckpt_why_list_read(&reader, &list), CKPT_BADDATA);
}
END_TEST

START_TEST(payload_whose_sizes_lie_is_bad_data)
{
	struct ckpt_payload_header header = {
		.magic = CKPT_PAYLOAD_MAGIC,
		.version = CKPT_PAYLOAD_VERSION,
		.effects_size = UINT64_MAX,
		.components_size = 8,
	};
	struct ckpt_reader reader;

	ck_assert_int_eq(ckpt_why_components(&header, sizeof(header), &reader),
			 CKPT_BADDATA);
}
END_TEST

UNIT_MAIN_WITH("why", set_up, tear_down, equal_components_do_not_differ,
	       small_values_are_told, element_of_a_small_array_is_told,
	       values_are_told_by_their_type, digests_only_differ,
	       blocks_tell_the_elements, last_block_ends_with_the_extent,
	       inputs_that_came_or_went_are_told, code_is_told_in_words,
	       components_cut_short_are_bad_data,
	       payload_whose_sizes_lie_is_bad_data)
