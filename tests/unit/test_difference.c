/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/difference.h"
#include "tests/unit/compile.h"

static char text[256];

/* Record the call as it is now; then `m.effects` is compared with it. */
static uint8_t recorded[4096];
static size_t recorded_size;

static void record(void)
{
	(void)marshal_key(&m);
	marshal_capture(&m);
	ck_assert_uint_le(m.effects.size, sizeof(recorded));
	memcpy(recorded, m.effects.data, m.effects.size);
	recorded_size = m.effects.size;
}

static bool is_same(void)
{
	marshal_capture(&m);
	return ckpt_difference_find(m.call, recorded, recorded_size,
				    m.effects.data, m.effects.size, text,
				    sizeof(text));
}

struct fit {
	int count;
	double *weights;
};

static double weights[4] = {1, 2, 3, 4};
static struct fit fit = {4, weights};

static void record_fit(void)
{
	compile("struct fit { int count; double *weights; };\n"
		"struct fit *f(int n);",
		"[function.memory]\nreturn = \"one malloc\"\n"
		"\"return->weights\" = \"[return->count] malloc\"\n");
	(void)marshal_key(&m);
	m.frame.result_rax = (uintptr_t)&fit;
	record();
	(void)marshal_key(&m);
	m.frame.result_rax = (uintptr_t)&fit;
}

START_TEST(the_same_effects_are_the_same)
{
	record_fit();
	ck_assert(is_same());
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_value_that_differs_is_told_with_its_path)
{
	record_fit();
	weights[3] = 1.5;
	ck_assert(!is_same());
	ck_assert_str_eq(text,
			 "return->weights[3]: 1.500000000 was 4.000000000");
	weights[3] = 4;
}
END_TEST

START_TEST(a_block_of_another_size_is_told)
{
	record_fit();
	fit.count = 3;
	ck_assert(!is_same());
	ck_assert_ptr_nonnull(strstr(text, "return->weights"));
	ck_assert_ptr_nonnull(strstr(text, "another size"));
	fit.count = 4;
}
END_TEST

START_TEST(an_integer_result_is_told_by_its_value)
{
	compile("int f(int n);", "");
	(void)marshal_key(&m);
	m.frame.result_rax = 7;
	record();
	(void)marshal_key(&m);
	m.frame.result_rax = (uint32_t)-2;
	ck_assert(!is_same());
	ck_assert_str_eq(text, "return: -2 was 7");
}
END_TEST

START_TEST(numbers_are_written_without_floating_point)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {{-0.5, "-0.500000000"},
		     {1e15, "1000000000000000.000000000"},
		     {0.1, "0.100000000"},
		     {-0.0, "-0.0"},
		     {1e300, "0x7e37e43c8800759c"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record_fit();
		weights[0] = cases[i].value;
		ck_assert(!is_same());
		ck_assert_ptr_nonnull(strstr(text, cases[i].text));
		weights[0] = 1;
	}
}
END_TEST

START_TEST(floats_are_written_as_their_values)
{
	static const struct {
		float value;
		const char *text;
	} cases[] = {{1.5f, "out[1]: 1.500000000 was 2.000000000"},
		     {-0.25f, "out[1]: -0.250000000 was 2.000000000"},
		     {1e30f, "out[1]: 0x46293e5940000000 was 2.0"},
		     {2.0000002f, "out[1]: 2.000000238 was 2.000000000"}};
	float out[2] = {1, 2};

	compile("void f(float *out, int n);",
		"[function.memory]\nout = \"out [n]\"\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out[1] = 2;
		set_pointer(0, out);
		m.frame.gpr[1] = 2;
		record();
		(void)marshal_key(&m);
		out[1] = cases[i].value;
		ck_assert(!is_same());
		ck_assert_ptr_nonnull(strstr(text, cases[i].text));
	}
}
END_TEST

START_TEST(a_difference_in_the_last_bit_is_told_by_bits)
{
	record_fit();
	weights[3] = 4.0000000000000009;
	ck_assert(!is_same());
	ck_assert_str_eq(text, "return->weights[3]: 0x4010000000000001 was "
			       "0x4010000000000000");
	weights[3] = 4;
}
END_TEST

START_TEST(a_field_in_an_array_of_structs_is_told)
{
	struct {
		int index;
		double value;
	} out[3] = {{1, 1}, {2, 2}, {3, 3}};

	compile("struct item { int index; double value; };\n"
		"void f(struct item *out, int n);",
		"[function.memory]\nout = \"out [n]\"\n");
	set_pointer(0, out);
	m.frame.gpr[1] = 3;
	record();
	(void)marshal_key(&m);
	out[2].index = 9;
	ck_assert(!is_same());
	ck_assert_str_eq(text, "out[2].index: 9 was 3");
}
END_TEST

START_TEST(a_record_that_cannot_be_read_differs)
{
	record_fit();
	recorded[0] ^= 1;
	ck_assert(!is_same());
	ck_assert_str_eq(text, "the record cannot be read");
}
END_TEST

UNIT_MAIN("difference", the_same_effects_are_the_same,
	  a_value_that_differs_is_told_with_its_path,
	  a_block_of_another_size_is_told,
	  an_integer_result_is_told_by_its_value,
	  numbers_are_written_without_floating_point,
	  floats_are_written_as_their_values,
	  a_difference_in_the_last_bit_is_told_by_bits,
	  a_field_in_an_array_of_structs_is_told,
	  a_record_that_cannot_be_read_differs)
