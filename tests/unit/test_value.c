/* SPDX-License-Identifier: MIT */
/* Types spelled out byte by byte, as typecode.h says they stand. */
#include "tools/value.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct ckpt_buf type, out;

static void set_up(void)
{
	type = out = (struct ckpt_buf){.size = 0};
}

static void tear_down(void)
{
	ckpt_buf_deinit(&type);
	ckpt_buf_deinit(&out);
}

static void add_u16(uint16_t value)
{
	ckpt_buf_add(&type, &value, sizeof(value));
}

static void add_head(int kind, uint32_t size, const char *name)
{
	ckpt_buf_add_u8(&type, (uint8_t)kind);
	ckpt_buf_add_u32(&type, size);
	ckpt_buf_add_u8(&type, (uint8_t)strlen(name));
	ckpt_buf_add_text(&type, name);
}

static void add_field(uint32_t off, const char *name)
{
	ckpt_buf_add_u32(&type, off);
	ckpt_buf_add_u8(&type, 0);
	ckpt_buf_add_u8(&type, (uint8_t)strlen(name));
	ckpt_buf_add_text(&type, name);
}

static bool tell(void *argument, const struct ckpt_value_leaf *leaf)
{
	ckpt_buf_format(&out, "%s@%d=", leaf->path, (int)leaf->off);
	ckpt_value_text(&out, &leaf->type,
			(const uint8_t *)argument + leaf->off);
	ckpt_buf_add_text(&out, ";");
	return true;
}

static void expect(const void *value, const char *text)
{
	ck_assert_int_eq(ckpt_value_leaves(type.data, type.size, tell,
					   (void *)(uintptr_t)value),
			 CKPT_OK);
	ckpt_buf_add_u8(&out, 0);
	ck_assert_str_eq((const char *)out.data, text);
	out.size = type.size = 0;
}

START_TEST(numbers_are_told_by_their_type)
{
	add_head(CKPT_TYPECODE_BYTES, 8, "double");
	expect(&(double){0.1}, "@0=0.1;");
	add_head(CKPT_TYPECODE_BYTES, 8, "const double");
	expect(&(double){1.0 / 3}, "@0=0.3333333333333333;");
	add_head(CKPT_TYPECODE_BYTES, 4, "float");
	expect(&(float){0.1F}, "@0=0.1;");
	add_head(CKPT_TYPECODE_BYTES, 10, "long double");
	expect(&(long double){-2.5L}, "@0=-2.5;");
	add_head(CKPT_TYPECODE_BYTES, 4, "int");
	expect(&(int){-7}, "@0=-7;");
	add_head(CKPT_TYPECODE_BYTES, 4, "unsigned int");
	expect(&(unsigned){4000000000U}, "@0=4000000000;");
	add_head(CKPT_TYPECODE_BYTES, 8, "long");
	expect(&(int64_t){INT64_MIN}, "@0=-9223372036854775808;");
	add_head(CKPT_TYPECODE_BYTES, 1, "_Bool");
	expect(&(uint8_t){1}, "@0=true;");
	add_head(CKPT_TYPECODE_BYTES, 16, "__int128");
	expect((const uint8_t[16]){1, [15] = 2},
	       "@0=0x02000000000000000000000000000001;");
}
END_TEST

START_TEST(structs_are_told_field_by_field)
{
	struct {
		int index;
		char tag[8];
		double value[2];
		unsigned flag : 3, more : 5;
	} item = {3, "on\"e", {1.5, -2}, 5, 17};

	add_head(CKPT_TYPECODE_STRUCT, sizeof(item), "struct item");
	add_u16(4);
	add_field(0, "index");
	add_head(CKPT_TYPECODE_BYTES, 4, "int");
	add_field(4, "tag");
	add_head(CKPT_TYPECODE_ARRAY, 8, "char[8]");
	ckpt_buf_add_u32(&type, 8);
	ckpt_buf_add_u32(&type, 1);
	add_head(CKPT_TYPECODE_BYTES, 1, "char");
	add_field(16, "value");
	add_head(CKPT_TYPECODE_ARRAY, 16, "double[2]");
	ckpt_buf_add_u32(&type, 2);
	ckpt_buf_add_u32(&type, 8);
	add_head(CKPT_TYPECODE_BYTES, 8, "double");
	add_field(32, "more");
	add_head(CKPT_TYPECODE_BITS, 4, "unsigned int");
	ckpt_buf_add_u8(&type, 3);
	ckpt_buf_add_u8(&type, 5);
	expect(&item, ".index@0=3;.tag@4=\"on\\\"e\";.value[0]@16=1.5;"
		      ".value[1]@24=-2;.more@32=17;");
}
END_TEST

START_TEST(what_takes_no_part_is_not_told)
{
	add_head(CKPT_TYPECODE_STRUCT, 16, "struct s");
	add_u16(2);
	add_field(0, "skipped");
	add_head(CKPT_TYPECODE_SKIPPED, 8, "");
	add_field(8, "next");
	add_head(CKPT_TYPECODE_POINTER, 8, "struct s *");
	expect((const uint8_t[16]){0}, ".next@8=pointer;");
}
END_TEST

START_TEST(types_cut_short_are_bad_data)
{
	add_head(CKPT_TYPECODE_ARRAY, 16, "double[2]");
	ckpt_buf_add_u32(&type, 2);
	ckpt_buf_add_u32(&type, 8);
	add_head(CKPT_TYPECODE_BYTES, 8, "double");
	for (size_t size = 0; size < type.size; size++)
		ck_assert_int_eq(ckpt_value_leaves(type.data, size, tell,
						   (double[]){1, 2}),
				 CKPT_BADDATA);
}
END_TEST

START_TEST(nesting_and_counts_without_end_are_bad_data)
{
	/* Arrays of 2^32 - 1 arrays of … nothing. */
	for (int i = 0; i < 8; i++) {
		add_head(CKPT_TYPECODE_ARRAY, 0, "");
		ckpt_buf_add_u32(&type, UINT32_MAX);
		ckpt_buf_add_u32(&type, 0);
	}
	add_head(CKPT_TYPECODE_SKIPPED, 0, "");
	ck_assert_int_eq(ckpt_value_leaves(type.data, type.size, tell, NULL),
			 CKPT_BADDATA);
}
END_TEST

UNIT_MAIN_WITH("value", set_up, tear_down, numbers_are_told_by_their_type,
	       structs_are_told_field_by_field, what_takes_no_part_is_not_told,
	       types_cut_short_are_bad_data,
	       nesting_and_counts_without_end_are_bad_data)
