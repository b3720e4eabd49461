/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/type.h"

#include "tests/unit/unit.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <wchar.h>

static struct ckpt_types *types;

static void set_up(void)
{
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
}

static void tear_down(void)
{
	ckpt_types_destroy(types);
}

static struct ckpt_type *make_struct(const char *name, size_t count)
{
	struct ckpt_type *type;

	type = ckpt_types_new(types, CKPT_TYPE_STRUCT, name, 8 * count, 8);
	type->fields = ckpt_types_alloc(types, count * sizeof(*type->fields));
	type->field_count = count;
	for (size_t i = 0; i < count; i++) {
		type->fields[i].name = "";
		type->fields[i].off = 8 * i;
		type->fields[i].type = ckpt_types_find(types, "long");
	}
	return type;
}

START_TEST(base_types_have_the_sizes_of_this_compiler)
{
#define SCALAR(t)                                           \
	{                                                   \
#t, sizeof(t), _Alignof(t), !((t)-1 > (t)0) \
	}
	static const struct {
		const char *name;
		size_t size, alignment;
		bool is_signed;
	} scalars[] = {
		SCALAR(char),
		SCALAR(signed char),
		SCALAR(unsigned char),
		SCALAR(short),
		SCALAR(unsigned short int),
		SCALAR(int),
		SCALAR(unsigned),
		SCALAR(long int),
		SCALAR(long unsigned int),
		SCALAR(long long),
		SCALAR(unsigned long long int),
		SCALAR(__int128),
		SCALAR(unsigned __int128),
		SCALAR(float),
		SCALAR(double),
		SCALAR(long double),
		SCALAR(size_t),
		SCALAR(ssize_t),
		SCALAR(ptrdiff_t),
		SCALAR(uintptr_t),
		SCALAR(int8_t),
		SCALAR(uint8_t),
		SCALAR(int16_t),
		SCALAR(uint16_t),
		SCALAR(int32_t),
		SCALAR(uint32_t),
		SCALAR(int64_t),
		SCALAR(uint64_t),
		SCALAR(int_fast8_t),
		SCALAR(uint_fast16_t),
		SCALAR(int_fast32_t),
		SCALAR(uintmax_t),
		SCALAR(wchar_t),
		SCALAR(wint_t),
		SCALAR(off_t),
		SCALAR(time_t),
		SCALAR(mode_t),
		SCALAR(dev_t),
		SCALAR(uint),
		SCALAR(u_char),
	};

	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		struct ckpt_type *type =
			ckpt_types_find(types, scalars[i].name);

		ck_assert_msg(type, "%s", scalars[i].name);
		ck_assert_msg(type->size == scalars[i].size, "%s",
			      scalars[i].name);
		ck_assert_msg(type->alignment == scalars[i].alignment, "%s",
			      scalars[i].name);
		ck_assert_msg(type->is_signed == scalars[i].is_signed, "%s",
			      scalars[i].name);
	}
}
END_TEST

START_TEST(long_double_counts_ten_bytes)
{
	ck_assert_uint_eq(ckpt_types_find(types, "long double")->value_size,
			  10);
	ck_assert_uint_eq(ckpt_types_find(types, "_Float128")->value_size, 16);
}
END_TEST

START_TEST(nonsense_word_sequences_name_nothing)
{
	static const char *const names[] = {
		"long char",	      "signed unsigned", "short long int",
		"long long long",     "float int",	 "unsigned double",
		"long long double",   "int int",	 "char int",
		"float _Complex int", "unsigned bool",	 ""};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(!ckpt_types_find(types, names[i]), "%s",
			      names[i]);
}
END_TEST

START_TEST(a_complete_definition_replaces_an_incomplete_one)
{
	struct ckpt_type *incomplete, *complete = make_struct("struct s", 1);

	incomplete =
		ckpt_types_new(types, CKPT_TYPE_INCOMPLETE, "struct s", 0, 1);
	ck_assert_int_eq(ckpt_types_define(types, "struct s", incomplete),
			 CKPT_OK);
	ck_assert_ptr_eq(ckpt_types_find(types, "struct s"), incomplete);
	ck_assert_int_eq(ckpt_types_define(types, "struct s", complete),
			 CKPT_OK);
	ck_assert_ptr_eq(ckpt_types_find(types, "struct s"), complete);
	ck_assert_int_eq(ckpt_types_define(types, "struct s",
					   make_struct("struct s", 2)),
			 CKPT_OK);
	ck_assert_ptr_eq(ckpt_types_find(types, "struct s"), complete);
	ck_assert_ptr_eq(ckpt_types_find(types, "s"), complete);
}
END_TEST

START_TEST(fields_are_found_inside_anonymous_members)
{
	struct ckpt_type *inner = make_struct(NULL, 2);
	struct ckpt_type *outer = make_struct("struct outer", 3);
	const struct ckpt_type_field *field;
	uint64_t off = 99;

	inner->fields[1].name = "deep";
	outer->fields[0].name = "first";
	outer->fields[1].type = inner;
	field = ckpt_type_field(outer, "deep", &off);
	ck_assert_ptr_eq(field, &inner->fields[1]);
	ck_assert_uint_eq(off, 16);
	ck_assert_ptr_null(ckpt_type_field(outer, "none", &off));
	ck_assert_ptr_null(ckpt_type_field(outer, "", &off));
}
END_TEST

START_TEST(equality_of_cyclic_types_terminates)
{
	struct ckpt_type *a = make_struct("struct a", 2);
	struct ckpt_type *b = make_struct("struct b", 2);

	a->fields[0].type = ckpt_types_pointer(types, b);
	b->fields[0].type = ckpt_types_pointer(types, a);
	ck_assert(ckpt_type_equal(a, b));
	b->fields[1].type = ckpt_types_find(types, "double");
	ck_assert(!ckpt_type_equal(a, b));
}
END_TEST

START_TEST(a_const_twin_follows_its_completion)
{
	struct ckpt_type *type, *twin, *complete = make_struct("struct s", 4);

	type = ckpt_types_new(types, CKPT_TYPE_INCOMPLETE, "struct s", 0, 1);
	twin = ckpt_types_const(types, type);
	ck_assert(twin->is_const && !type->is_const);
	ck_assert_ptr_eq(ckpt_types_const(types, type), twin);
	ck_assert_ptr_eq(ckpt_types_const(types, twin), twin);
	type->kind = complete->kind;
	type->size = complete->size;
	type->fields = complete->fields;
	type->field_count = complete->field_count;
	ckpt_types_sync(type);
	ck_assert_uint_eq(twin->size, 32);
	ck_assert_uint_eq(twin->field_count, 4);
	ck_assert(twin->is_const);
}
END_TEST

static void check_text(const struct ckpt_type *type, const char *expected)
{
	char text[256];

	ckpt_type_text(type, text, sizeof(text));
	ck_assert_str_eq(text, expected);
}

START_TEST(text_is_the_c_spelling)
{
	struct ckpt_type *node = make_struct("struct svm_node", 1);
	struct ckpt_type *element = ckpt_types_find(types, "int");
	struct ckpt_type *pointer, *function;

	pointer = ckpt_types_pointer(types, ckpt_types_const(types, node));
	check_text(ckpt_types_pointer(types, pointer),
		   "const struct svm_node **");
	check_text(
		ckpt_types_array(types, ckpt_types_array(types, element, 3), 2),
		"int [2][3]");
	check_text(
		ckpt_types_pointer(types, ckpt_types_array(types, element, 3)),
		"int (*)[3]");
	function = ckpt_types_new(types, CKPT_TYPE_FUNCTION, NULL, 0, 1);
	function->element = element;
	function->fields = node->fields;
	function->field_count = 1;
	check_text(ckpt_types_pointer(types, function), "int (*)(long)");
}
END_TEST

START_TEST(text_is_cut_to_the_room_there_is)
{
	char text[4] = "xxx";

	ckpt_type_text(ckpt_types_find(types, "unsigned long"), text,
		       sizeof(text));
	ck_assert_uint_lt(strlen(text), sizeof(text));
}
END_TEST

START_TEST(bits_stay_in_their_declared_unit_if_they_fit)
{
	struct ckpt_type *type = ckpt_types_find(types, "unsigned int");
	struct ckpt_type_field field = {0};

	ck_assert_int_eq(ckpt_types_place_bits(types, type, 8, 37, 5, &field),
			 CKPT_OK);
	ck_assert_ptr_eq(field.type, type);
	ck_assert_uint_eq(field.off, 4);
	ck_assert_uint_eq(field.bit_off, 5);
	ck_assert_uint_eq(field.bit_size, 5);
}
END_TEST

START_TEST(packed_bits_get_a_unit_inside_the_struct)
{
	struct ckpt_type *type = ckpt_types_find(types, "unsigned int");
	struct ckpt_type_field field = {0};

	/* bits 31 … 61 of an 8 byte struct: five bytes from byte 3 */
	ck_assert_int_eq(ckpt_types_place_bits(types, type, 8, 31, 31, &field),
			 CKPT_OK);
	ck_assert_uint_eq(field.type->size, 8);
	ck_assert_uint_eq(field.off, 0);
	ck_assert_uint_eq(field.bit_off, 31);
	/* the last bits of a struct of 3 bytes */
	ck_assert_int_eq(ckpt_types_place_bits(types, type, 3, 20, 4, &field),
			 CKPT_OK);
	ck_assert_uint_le(field.off + field.type->size, 3);
	ck_assert_uint_eq(field.off * 8 + field.bit_off, 20);
	/* 64 bits that start at bit 1 fit no unit */
	type = ckpt_types_find(types, "unsigned long");
	ck_assert_int_eq(ckpt_types_place_bits(types, type, 9, 1, 64, &field),
			 CKPT_OK);
	ck_assert_int_eq(field.type->kind, CKPT_TYPE_OTHER);
}
END_TEST

UNIT_MAIN_WITH("type", set_up, tear_down,
	       base_types_have_the_sizes_of_this_compiler,
	       long_double_counts_ten_bytes,
	       nonsense_word_sequences_name_nothing,
	       a_complete_definition_replaces_an_incomplete_one,
	       fields_are_found_inside_anonymous_members,
	       equality_of_cyclic_types_terminates,
	       a_const_twin_follows_its_completion, text_is_the_c_spelling,
	       text_is_cut_to_the_room_there_is,
	       bits_stay_in_their_declared_unit_if_they_fit,
	       packed_bits_get_a_unit_inside_the_struct)
