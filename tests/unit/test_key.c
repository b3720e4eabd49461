/* SPDX-License-Identifier: MIT */
#include "tests/unit/marshal.h"

static struct marshal m;

/* int f(T x) for a scalar of `size` bytes. */
static void make_scalar(uint32_t size)
{
	marshal_init(&m);
	marshal_parameter(&m, marshal_bytes(&m, size, size));
}

/* f(const T *x, size_t n) with "x" = "[n]" in direction `direction`. */
static void make_array(uint32_t size, uint32_t stride, uint8_t direction)
{
	uint32_t element;
	uint32_t count;

	marshal_init(&m);
	element = marshal_bytes(&m, size, stride);
	count = EXPR(&m, GPR(1), LOAD(8, 0));
	marshal_parameter(&m, marshal_array(&m, direction, element, count));
	marshal_parameter(&m, marshal_bytes(&m, 8, 8));
}

START_TEST(scalars_that_differ_give_different_keys)
{
	struct ckpt_hash128 key;

	make_scalar(8);
	m.frame.gpr[0] = 5;
	key = marshal_key(&m);
	ck_assert(marshal_same(key, marshal_key(&m)));
	m.frame.gpr[0] = 6;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(dirty_upper_bits_of_a_narrow_argument_do_not_count)
{
	struct ckpt_hash128 key;

	for (uint32_t size = 1; size < 8; size *= 2) {
		make_scalar(size);
		m.frame.gpr[0] = 0x11;
		key = marshal_key(&m);
		m.frame.gpr[0] = 0x11 | ~(uint64_t)0 << size * 8;
		ck_assert(marshal_same(key, marshal_key(&m)));
		m.frame.gpr[0] = 0x12;
		ck_assert(!marshal_same(key, marshal_key(&m)));
	}
}
END_TEST

START_TEST(padding_of_a_long_double_does_not_count)
{
	long double value = 1.5L;
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_root(&m, CKPT_ROOT_PARAMETER, marshal_bytes(&m, 10, 16), 0);
	m.roots[0].place = CKPT_PLACE_STACK;
	m.function.stack_size = 16;
	memcpy(&m.stack[1], &value, 16);
	key = marshal_key(&m);
	memset((uint8_t *)&m.stack[1] + 10, 0x77, 6);
	ck_assert(marshal_same(key, marshal_key(&m)));
	((uint8_t *)&m.stack[1])[9] ^= 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(contents_count_and_addresses_do_not)
{
	double a[] = {1, 2, 3};
	double b[] = {1, 2, 3};
	struct ckpt_hash128 key;

	make_array(8, 8, CKPT_DIR_IN);
	m.frame.gpr[0] = (uintptr_t)a;
	m.frame.gpr[1] = 3;
	key = marshal_key(&m);
	m.frame.gpr[0] = (uintptr_t)b;
	ck_assert(marshal_same(key, marshal_key(&m)));
	b[2] = 4;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(long_contents_count_to_the_last_byte)
{
	static uint8_t a[5000];
	struct ckpt_hash128 key;

	make_array(1, 1, CKPT_DIR_IN);
	m.frame.gpr[0] = (uintptr_t)a;
	m.frame.gpr[1] = sizeof(a);
	key = marshal_key(&m);
	a[4999] = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	a[4999] = 0;
	ck_assert(marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(null_and_an_empty_extent_differ)
{
	uint8_t byte = 0;
	struct ckpt_hash128 key;

	make_array(1, 1, CKPT_DIR_IN);
	m.frame.gpr[0] = (uintptr_t)&byte;
	key = marshal_key(&m);
	m.frame.gpr[0] = 0;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(an_extent_up_to_a_guard_page_is_read_and_no_further)
{
	uint8_t *text = marshal_guarded(100);

	make_array(1, 1, CKPT_DIR_IN);
	memset(text, 'x', 100);
	m.frame.gpr[0] = (uintptr_t)text;
	m.frame.gpr[1] = 100;
	(void)marshal_key(&m);
	m.frame.gpr[1] = 101;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_UNREADABLE);
}
END_TEST

START_TEST(an_out_extent_is_not_read_before_the_call)
{
	uint8_t *out = marshal_guarded(8);

	make_array(1, 1, CKPT_DIR_OUT);
	m.frame.gpr[0] = (uintptr_t)out;
	m.frame.gpr[1] = 1 << 20;
	(void)marshal_key(&m);
}
END_TEST

START_TEST(a_negative_extent_is_refused)
{
	uint32_t count;
	int32_t n = -1;

	marshal_init(&m);
	count = EXPR(&m, GPR(1), LOAD(4, 1));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_IN,
					    marshal_bytes(&m, 8, 8), count));
	marshal_parameter(&m, marshal_bytes(&m, 4, 4));
	m.frame.gpr[0] = (uintptr_t)&n;
	m.frame.gpr[1] = (uint32_t)n;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NEGATIVE);
	ck_assert_int_eq(m.call->refusal.value, -1);
}
END_TEST

START_TEST(an_absurd_extent_is_refused)
{
	double x = 0;

	make_array(8, 8, CKPT_DIR_IN);
	m.frame.gpr[0] = (uintptr_t)&x;
	m.frame.gpr[1] = UINT64_MAX;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ABSURD);
	m.frame.gpr[1] = (uint64_t)1 << 46;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ABSURD);
}
END_TEST

START_TEST(a_string_counts_up_to_its_end)
{
	char a[16] = "pw\0junk";
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_parameter(&m, marshal_string(&m, CKPT_DIR_IN));
	m.frame.gpr[0] = (uintptr_t)a;
	key = marshal_key(&m);
	strcpy(a + 3, "other");
	ck_assert(marshal_same(key, marshal_key(&m)));
	strcpy(a, "px");
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_string_without_end_is_refused_at_the_guard_page)
{
	uint8_t *text = marshal_guarded(10);

	marshal_init(&m);
	marshal_parameter(&m, marshal_string(&m, CKPT_DIR_IN));
	memset(text, 'x', 10);
	m.frame.gpr[0] = (uintptr_t)text;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ENDLESS);
	text[9] = 0;
	(void)marshal_key(&m);
}
END_TEST

START_TEST(where_one_string_ends_and_the_next_begins_counts)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_parameter(&m, marshal_string(&m, CKPT_DIR_IN));
	marshal_parameter(&m, marshal_string(&m, CKPT_DIR_IN));
	m.frame.gpr[0] = (uintptr_t) "ab";
	m.frame.gpr[1] = (uintptr_t) "c";
	key = marshal_key(&m);
	m.frame.gpr[0] = (uintptr_t) "a";
	m.frame.gpr[1] = (uintptr_t) "bc";
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* struct pair { int32_t index; double value; }: 4 bytes of padding. */
static uint32_t make_pair(void)
{
	uint32_t fields[2][2] = {{0, marshal_bytes(&m, 4, 4)},
				 {8, marshal_bytes(&m, 8, 8)}};

	return marshal_struct(&m, 16, CKPT_NODE_FLAT, 2, fields);
}

START_TEST(padding_in_structs_does_not_count)
{
	struct {
		int32_t index;
		double value;
	} pairs[40];
	struct ckpt_hash128 key;
	uint32_t count;

	marshal_init(&m);
	count = EXPR(&m, GPR(1), LOAD(8, 0));
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_IN, make_pair(), count));
	marshal_parameter(&m, marshal_bytes(&m, 8, 8));
	memset(pairs, 0, sizeof(pairs));
	m.frame.gpr[0] = (uintptr_t)pairs;
	m.frame.gpr[1] = 40;
	key = marshal_key(&m);
	memset((uint8_t *)&pairs[7] + 4, 0x5a, 4);
	ck_assert(marshal_same(key, marshal_key(&m)));
	pairs[39].value = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(an_array_ends_at_its_sentinel)
{
	struct {
		int32_t index;
		double value;
	} *pairs = (void *)marshal_guarded(48);
	struct ckpt_plan_clause clause;
	struct ckpt_hash128 key;

	marshal_init(&m);
	clause = marshal_clause(make_pair());
	clause.extent = CKPT_EXTENT_UNTIL;
	clause.until = EXPR(&m, ELEMENT(0, 0), LOAD(4, 1), CONST(-1), OP(EQ));
	marshal_parameter(&m, marshal_pointer(&m, clause));
	m.frame.gpr[0] = (uintptr_t)pairs;
	pairs[2].index = -1;
	key = marshal_key(&m);
	pairs[1].value = 3;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	pairs[1].index = -1;
	key = marshal_key(&m);
	pairs[2].value = 9;
	ck_assert(marshal_same(key, marshal_key(&m)));
	pairs[1].index = pairs[2].index = 0;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ENDLESS);
}
END_TEST

START_TEST(bit_fields_count_without_their_neighbours)
{
	struct ckpt_hash128 key;
	uint32_t word = 0x0ff0;
	uint32_t bits;
	uint32_t one;

	marshal_init(&m);
	bits = marshal_node(&m, (struct ckpt_plan_node){
					.kind = CKPT_NODE_BITS,
					.flags = CKPT_NODE_FLAT,
					.bit_off = 4,
					.bit_size = 8,
					.size = 4,
					.stride = 4,
				});
	one = EXPR(&m, CONST(1));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_IN, bits, one));
	m.frame.gpr[0] = (uintptr_t)&word;
	key = marshal_key(&m);
	word |= 0xf000000f;
	ck_assert(marshal_same(key, marshal_key(&m)));
	word ^= 0x100;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* f(const double *a, double *b) over one double each, `b` in `direction`. */
static void make_two(uint8_t direction)
{
	uint32_t node;
	uint32_t one;

	marshal_init(&m);
	node = marshal_bytes(&m, 8, 8);
	one = EXPR(&m, CONST(2));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_IN, node, one));
	marshal_parameter(&m, marshal_array(&m, direction, node, one));
}

START_TEST(overlap_with_written_memory_counts)
{
	static const uint8_t written[] = {CKPT_DIR_OUT, CKPT_DIR_INOUT};
	double a[4] = {1, 1, 1, 1};
	double copy[4] = {1, 1, 1, 1};

	for (size_t i = 0; i < 2; i++) {
		struct ckpt_hash128 same, apart, shifted;

		make_two(written[i]);
		m.frame.gpr[0] = (uintptr_t)a;
		m.frame.gpr[1] = (uintptr_t)a;
		same = marshal_key(&m);
		m.frame.gpr[1] = (uintptr_t)(a + 1);
		shifted = marshal_key(&m);
		m.frame.gpr[1] = (uintptr_t)copy;
		apart = marshal_key(&m);
		ck_assert(!marshal_same(same, apart));
		ck_assert(!marshal_same(same, shifted));
		ck_assert(!marshal_same(shifted, apart));
	}
}
END_TEST

START_TEST(overlap_of_what_is_only_read_does_not_count)
{
	double a[2] = {1, 1};
	double copy[2] = {1, 1};
	struct ckpt_hash128 same;

	make_two(CKPT_DIR_IN);
	m.frame.gpr[0] = (uintptr_t)a;
	m.frame.gpr[1] = (uintptr_t)a;
	same = marshal_key(&m);
	m.frame.gpr[1] = (uintptr_t)copy;
	ck_assert(marshal_same(same, marshal_key(&m)));
}
END_TEST

START_TEST(overlap_counts_where_pointers_can_come_back)
{
	double a[2] = {1, 1};
	double copy[2] = {1, 1};
	struct ckpt_hash128 same;

	make_two(CKPT_DIR_IN);
	m.function.flags = CKPT_FUNCTION_POINTERS;
	m.frame.gpr[0] = (uintptr_t)a;
	m.frame.gpr[1] = (uintptr_t)a;
	same = marshal_key(&m);
	m.frame.gpr[1] = (uintptr_t)copy;
	ck_assert(!marshal_same(same, marshal_key(&m)));
}
END_TEST

START_TEST(rounding_mode_counts)
{
	struct ckpt_hash128 key;
	uint32_t mxcsr = __builtin_ia32_stmxcsr();

	make_scalar(8);
	key = marshal_key(&m);
	__builtin_ia32_ldmxcsr(mxcsr | 0x6000);
	ck_assert(!marshal_same(key, marshal_key(&m)));
	__builtin_ia32_ldmxcsr(mxcsr | 1);
	ck_assert(marshal_same(key, marshal_key(&m)));
	__builtin_ia32_ldmxcsr(mxcsr);
}
END_TEST

START_TEST(program_and_code_count)
{
	struct ckpt_hash128 key;

	make_scalar(8);
	key = marshal_key(&m);
	m.function.code_digest.lo = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	m.function.code_digest.lo = 0;
	m.function.program_digest.hi = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(require_and_bypass_if_are_answers)
{
	make_scalar(8);
	m.function.require = EXPR(&m, GPR(0), LOAD(8, 0));
	m.frame.gpr[0] = 1;
	(void)marshal_key(&m);
	m.frame.gpr[0] = 0;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_REQUIRE);
	m.function.bypass_if = EXPR(&m, GPR(0), LOAD(8, 0), OP(LNOT));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_BYPASS);
	ck_assert(ckpt_message_is_silent(&m.call->refusal));
}
END_TEST

START_TEST(inputs_that_nobody_digested_are_refused)
{
	make_scalar(8);
	m.function.flags = CKPT_FUNCTION_LOCALE;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ENVIRONMENT);
}
END_TEST

UNIT_MAIN("key", scalars_that_differ_give_different_keys,
	  dirty_upper_bits_of_a_narrow_argument_do_not_count,
	  padding_of_a_long_double_does_not_count,
	  contents_count_and_addresses_do_not,
	  long_contents_count_to_the_last_byte, null_and_an_empty_extent_differ,
	  an_extent_up_to_a_guard_page_is_read_and_no_further,
	  an_out_extent_is_not_read_before_the_call,
	  a_negative_extent_is_refused, an_absurd_extent_is_refused,
	  a_string_counts_up_to_its_end,
	  a_string_without_end_is_refused_at_the_guard_page,
	  where_one_string_ends_and_the_next_begins_counts,
	  padding_in_structs_does_not_count, an_array_ends_at_its_sentinel,
	  bit_fields_count_without_their_neighbours,
	  overlap_with_written_memory_counts,
	  overlap_of_what_is_only_read_does_not_count,
	  overlap_counts_where_pointers_can_come_back, rounding_mode_counts,
	  program_and_code_count, require_and_bypass_if_are_answers,
	  inputs_that_nobody_digested_are_refused)
