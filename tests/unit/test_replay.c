/* SPDX-License-Identifier: MIT */
#include "tests/unit/marshal.h"

/* Each test has a function as a library would have it; what a replay must
 * leave is what that function left, read from memory it wrote itself. */

static struct marshal m;

static uint64_t gpr(int i)
{
	return m.frame.gpr[i];
}

static uint32_t count_of(uint32_t parameter)
{
	return EXPR(&m, GPR(parameter), LOAD(8, 0));
}

/* ---- results in registers ---- */

START_TEST(an_integer_result_comes_back)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_parameter(&m, marshal_bytes(&m, 8, 8));
	marshal_result(&m, marshal_bytes(&m, 8, 8));
	m.frame.gpr[0] = 41;
	key = marshal_key(&m);
	m.frame.result_rax = gpr(0) + 1;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, 42);
}
END_TEST

START_TEST(a_struct_split_over_two_register_kinds_comes_back)
{
	/* struct { double x; long n; }: xmm0 and rax (psABI 3.2.3). */
	uint32_t fields[2][2];
	struct ckpt_hash128 key;
	double x = 2.5;

	marshal_init(&m);
	fields[0][0] = 0;
	fields[0][1] = marshal_bytes(&m, 8, 8);
	fields[1][0] = 8;
	fields[1][1] = fields[0][1];
	marshal_root(&m, CKPT_ROOT_RESULT,
		     marshal_struct(&m, 16, CKPT_NODE_FLAT, 2, fields),
		     CKPT_FRAME_GATHER);
	m.moves[0] = (struct ckpt_plan_move){CKPT_FRAME_RESULT_VEC,
					     CKPT_FRAME_GATHER, 8, 0};
	m.moves[1] = (struct ckpt_plan_move){CKPT_FRAME_RESULT_RAX,
					     CKPT_FRAME_GATHER + 8, 8, 0};
	m.function.result_move_count = 2;
	key = marshal_key(&m);
	memcpy(m.frame.result_vec[0], &x, 8);
	m.frame.result_rax = 7;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, 7);
	ck_assert_mem_eq(m.frame.result_vec[0], &x, 8);
}
END_TEST

START_TEST(a_struct_argument_split_over_registers_is_one_value)
{
	struct ckpt_hash128 key;
	double x = 1;

	marshal_init(&m);
	m.moves[0] = (struct ckpt_plan_move){CKPT_FRAME_VEC, CKPT_FRAME_GATHER,
					     8, 0};
	m.moves[1] = (struct ckpt_plan_move){CKPT_FRAME_GPR,
					     CKPT_FRAME_GATHER + 8, 8, 0};
	m.function.argument_move_count = 2;
	marshal_root(&m, CKPT_ROOT_PARAMETER, marshal_bytes(&m, 16, 16),
		     CKPT_FRAME_GATHER);
	memcpy(m.frame.vec[0], &x, 8);
	key = marshal_key(&m);
	m.frame.gpr[0] = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	m.frame.gpr[0] = 0;
	memset(m.frame.vec[0] + 8, 1, 8);
	ck_assert(marshal_same(key, marshal_key(&m)));
	m.frame.vec[0][3] = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

/* ---- buffers of the caller ---- */

static void derive(size_t n, const uint8_t *key, size_t length, uint8_t *dst)
{
	for (size_t i = 0; i < length; i++)
		dst[i] = (uint8_t)(i * 7 + key[i % n]);
}

START_TEST(an_out_buffer_comes_back_and_nothing_beyond_it)
{
	uint8_t input[] = {3, 1, 4};
	uint8_t expected[20];
	struct ckpt_hash128 key;
	uint8_t dst[32];
	uint32_t byte;

	marshal_init(&m);
	byte = marshal_bytes(&m, 1, 1);
	marshal_parameter(&m, byte);
	m.roots[0].node = marshal_bytes(&m, 8, 8);
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_IN, byte, count_of(0)));
	marshal_parameter(&m, m.roots[0].node);
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_OUT, byte, count_of(2)));
	m.frame.gpr[0] = sizeof(input);
	m.frame.gpr[1] = (uintptr_t)input;
	m.frame.gpr[2] = 20;
	m.frame.gpr[3] = (uintptr_t)dst;
	memset(dst, 0xee, sizeof(dst));
	key = marshal_key(&m);
	derive(sizeof(input), input, 20, dst);
	derive(sizeof(input), input, 20, expected);
	marshal_capture(&m);
	memset(dst, 0xdd, sizeof(dst));
	marshal_replay(&m, key);
	ck_assert_mem_eq(dst, expected, 20);
	for (size_t i = 20; i < sizeof(dst); i++)
		ck_assert_uint_eq(dst[i], 0xdd);
}
END_TEST

/* As BrotliEncoderCompress: capacity in, size out. */
static int compress(const uint8_t *in, size_t n, size_t *size, uint8_t *out)
{
	if (*size < n / 2)
		return 0;
	for (size_t i = 0; i < n / 2; i++)
		out[i] = in[2 * i];
	*size = n / 2;
	return 1;
}

/* compress with "size" = inout one, "out" = out [post(*size)] max
 * [pre(*size)], store_if return == 1. */
static void make_compress(void)
{
	struct ckpt_plan_clause clause;
	uint32_t word;
	uint32_t byte;
	uint32_t one;

	marshal_init(&m);
	byte = marshal_bytes(&m, 1, 1);
	word = marshal_bytes(&m, 8, 8);
	one = EXPR(&m, CONST(1));
	marshal_parameter(&m,
			  marshal_array(&m, CKPT_DIR_IN, byte, count_of(1)));
	marshal_parameter(&m, word);
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_INOUT, word, one));
	clause = marshal_clause(byte);
	clause.direction = CKPT_DIR_OUT;
	clause.flags = CKPT_CLAUSE_POST_COUNT;
	clause.count = EXPR(&m, GPR(2), OP(POINTEE), LOAD(8, 0));
	clause.max = EXPR(&m, GPR(2), OP(POINTEE), LOAD(8, 0));
	marshal_parameter(&m, marshal_pointer(&m, clause));
	marshal_result(&m, word);
	m.function.store_if =
		EXPR(&m, FRAME(CKPT_FRAME_RESULT_RAX), LOAD(4, 1));
}

START_TEST(a_length_that_the_call_changes_bounds_what_is_written)
{
	uint8_t in[10] = "abcdefghi";
	uint8_t out[64];
	size_t size = sizeof(out);
	struct ckpt_hash128 key;

	make_compress();
	m.frame.gpr[0] = (uintptr_t)in;
	m.frame.gpr[1] = sizeof(in);
	m.frame.gpr[2] = (uintptr_t)&size;
	m.frame.gpr[3] = (uintptr_t)out;
	key = marshal_key(&m);
	m.frame.result_rax = (uint64_t)compress(in, sizeof(in), &size, out);
	marshal_capture(&m);
	memset(out, 0xcc, sizeof(out));
	size = sizeof(out);
	marshal_replay(&m, key);
	ck_assert_uint_eq(size, 5);
	ck_assert_uint_eq(m.frame.result_rax, 1);
	ck_assert_mem_eq(out, "acegi", 5);
	ck_assert_uint_eq(out[5], 0xcc);
	size = 63;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(store_if_decides_after_the_call)
{
	uint8_t in[10] = {0};
	uint8_t out[64];
	size_t size = 1;

	make_compress();
	m.frame.gpr[0] = (uintptr_t)in;
	m.frame.gpr[1] = sizeof(in);
	m.frame.gpr[2] = (uintptr_t)&size;
	m.frame.gpr[3] = (uintptr_t)out;
	(void)marshal_key(&m);
	m.frame.result_rax = (uint64_t)compress(in, sizeof(in), &size, out);
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_STORE_IF);
}
END_TEST

START_TEST(writing_past_max_is_refused)
{
	uint8_t in[2] = {0};
	uint8_t out[64];
	size_t size = 4;

	make_compress();
	m.frame.gpr[0] = (uintptr_t)in;
	m.frame.gpr[1] = sizeof(in);
	m.frame.gpr[2] = (uintptr_t)&size;
	m.frame.gpr[3] = (uintptr_t)out;
	(void)marshal_key(&m);
	m.frame.result_rax = 1;
	size = 5;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_BOUND);
}
END_TEST

/* As lzma_stream_buffer_encode: out [pre(*pos) .. post(*pos)] max [cap]. */
START_TEST(a_slice_is_written_where_the_caller_left_off)
{
	struct ckpt_plan_clause clause;
	struct ckpt_hash128 key;
	uint8_t out[16];
	size_t pos = 3;
	uint32_t word;

	marshal_init(&m);
	word = marshal_bytes(&m, 8, 8);
	clause = marshal_clause(marshal_bytes(&m, 1, 1));
	clause.direction = CKPT_DIR_OUT;
	clause.extent = CKPT_EXTENT_SLICE;
	clause.flags = CKPT_CLAUSE_POST_COUNT;
	m.function.first_pre = EXPR(&m, GPR(1), OP(POINTEE), LOAD(8, 0));
	m.function.pre_count = 1;
	clause.low = EXPR(&m, PRE(0));
	clause.count = EXPR(&m, GPR(1), OP(POINTEE), LOAD(8, 0));
	clause.max = EXPR(&m, CONST(16));
	marshal_parameter(&m, marshal_pointer(&m, clause));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_INOUT, word,
					    EXPR(&m, CONST(1))));
	m.frame.gpr[0] = (uintptr_t)out;
	m.frame.gpr[1] = (uintptr_t)&pos;
	memset(out, '.', sizeof(out));
	key = marshal_key(&m);
	memcpy(out + pos, "xyz", 3);
	pos += 3;
	marshal_capture(&m);
	memset(out, '-', sizeof(out));
	pos = 3;
	marshal_replay(&m, key);
	ck_assert_uint_eq(pos, 6);
	ck_assert_mem_eq(out, "---xyz----------", 16);
}
END_TEST

/* struct matrix { size_t rows, columns, step; double *data; } in place. */
struct matrix {
	size_t rows, columns, step;
	double *data;
	void *owner;
};

static void halve(struct matrix *a)
{
	for (size_t i = 0; i < a->rows; i++)
		for (size_t j = 0; j < a->columns; j++)
			a->data[i * a->step + j] /= 2;
}

static void make_matrix(void)
{
	struct ckpt_plan_clause clause;
	uint32_t fields[3][2];
	uint32_t one;

	marshal_init(&m);
	clause = marshal_clause(marshal_bytes(&m, 8, 8));
	clause.extent = CKPT_EXTENT_ROWS;
	clause.direction = CKPT_DIR_INOUT;
	clause.count = EXPR(&m, ELEMENT(0, 0), LOAD(8, 0));
	clause.length = EXPR(&m, ELEMENT(0, 8), LOAD(8, 0));
	clause.stride = EXPR(&m, ELEMENT(0, 16), LOAD(8, 0));
	fields[0][0] = 0;
	fields[0][1] = marshal_bytes(&m, 24, 24);
	fields[1][0] = offsetof(struct matrix, data);
	fields[1][1] = marshal_pointer(&m, clause);
	clause = marshal_clause(0);
	clause.extent = CKPT_EXTENT_IGNORE;
	fields[2][0] = offsetof(struct matrix, owner);
	fields[2][1] = marshal_pointer(&m, clause);
	one = EXPR(&m, CONST(1));
	marshal_parameter(
		&m, marshal_array(&m, CKPT_DIR_INOUT,
				  marshal_struct(&m, sizeof(struct matrix), 0,
						 3, fields),
				  one));
}

START_TEST(rows_with_a_stride_leave_the_gaps_alone)
{
	double data[12] = {1, 2, 3, -1, 4, 5, 6, -1, 7, 8, 9, -1};
	double expected[12];
	struct matrix a = {3, 3, 4, data, &a};
	struct ckpt_hash128 key, other;

	make_matrix();
	m.frame.gpr[0] = (uintptr_t)&a;
	key = marshal_key(&m);
	data[3] = -2;
	a.owner = NULL;
	other = marshal_key(&m);
	ck_assert(marshal_same(key, other));
	halve(&a);
	memcpy(expected, data, sizeof(data));
	marshal_capture(&m);
	for (int i = 0; i < 12; i++)
		data[i] = i % 4 == 3 ? -9 : i / 4 * 3 + i % 4 + 1;
	marshal_replay(&m, key);
	for (int i = 0; i < 12; i++)
		ck_assert(data[i] == (i % 4 == 3 ? -9 : expected[i]));
}
END_TEST

START_TEST(memory_that_is_not_writable_may_be_inout_if_it_stays)
{
	struct matrix *a = (void *)marshal_guarded(sizeof(struct matrix) + 16);
	double *data = (double *)(a + 1);
	struct ckpt_hash128 key;

	make_matrix();
	*a = (struct matrix){1, 2, 2, data, NULL};
	m.frame.gpr[0] = (uintptr_t)a;
	ck_assert_int_eq(
		mprotect((void *)((uintptr_t)a & ~4095ul), 4096, PROT_READ), 0);
	key = marshal_key(&m);
	marshal_capture(&m);
	marshal_replay(&m, key);
}
END_TEST

START_TEST(the_same_memory_given_twice_ends_as_the_call_left_it)
{
	double a[2] = {1, 2};
	struct ckpt_hash128 key;
	uint32_t node;
	uint32_t two;

	marshal_init(&m);
	node = marshal_bytes(&m, 8, 8);
	two = EXPR(&m, CONST(2));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_INOUT, node, two));
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_OUT, node, two));
	m.frame.gpr[0] = (uintptr_t)a;
	m.frame.gpr[1] = (uintptr_t)a;
	key = marshal_key(&m);
	a[0] = 10;
	a[1] = 20;
	marshal_capture(&m);
	a[0] = 1;
	a[1] = 2;
	marshal_replay(&m, key);
	ck_assert(a[0] == 10 && a[1] == 20);
}
END_TEST

START_TEST(an_out_pointer_may_be_null)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_parameter(&m, marshal_array(&m, CKPT_DIR_OUT,
					    marshal_bytes(&m, 8, 8),
					    EXPR(&m, CONST(4))));
	m.frame.gpr[0] = 0;
	key = marshal_key(&m);
	marshal_capture(&m);
	marshal_replay(&m, key);
}
END_TEST

START_TEST(bit_fields_are_written_without_their_neighbours)
{
	struct ckpt_hash128 key;
	uint32_t word = 0;

	marshal_init(&m);
	marshal_parameter(
		&m, marshal_array(&m, CKPT_DIR_OUT,
				  marshal_node(&m,
					       (struct ckpt_plan_node){
						       .kind = CKPT_NODE_BITS,
						       .flags = CKPT_NODE_FLAT,
						       .bit_off = 4,
						       .bit_size = 8,
						       .size = 4,
						       .stride = 4,
					       }),
				  EXPR(&m, CONST(1))));
	m.frame.gpr[0] = (uintptr_t)&word;
	key = marshal_key(&m);
	word = 0xabc;
	marshal_capture(&m);
	word = 0xffff000f;
	marshal_replay(&m, key);
	ck_assert_uint_eq(word, 0xffff0abf);
}
END_TEST

START_TEST(long_double_results_keep_their_value)
{
	long double value = 1.25L;
	long double back = 0;
	struct ckpt_hash128 key;

	marshal_init(&m);
	marshal_root(&m, CKPT_ROOT_RESULT, marshal_bytes(&m, 10, 16),
		     CKPT_FRAME_RESULT_ST0);
	key = marshal_key(&m);
	memcpy(m.frame.result_st[0], &value, sizeof(value));
	marshal_capture(&m);
	memset(m.frame.result_st, 0x33, sizeof(m.frame.result_st));
	marshal_replay(&m, key);
	memcpy(&back, m.frame.result_st[0], sizeof(back));
	ck_assert(back == 1.25L);
}
END_TEST

UNIT_MAIN("replay", an_integer_result_comes_back,
	  a_struct_split_over_two_register_kinds_comes_back,
	  a_struct_argument_split_over_registers_is_one_value,
	  an_out_buffer_comes_back_and_nothing_beyond_it,
	  a_length_that_the_call_changes_bounds_what_is_written,
	  store_if_decides_after_the_call, writing_past_max_is_refused,
	  a_slice_is_written_where_the_caller_left_off,
	  rows_with_a_stride_leave_the_gaps_alone,
	  memory_that_is_not_writable_may_be_inout_if_it_stays,
	  the_same_memory_given_twice_ends_as_the_call_left_it,
	  an_out_pointer_may_be_null,
	  bit_fields_are_written_without_their_neighbours,
	  long_double_results_keep_their_value)
