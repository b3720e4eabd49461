/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/eval.h"
#include "tests/unit/marshal.h"

static struct marshal m;

static enum ckpt_status try_eval(uint32_t expr, __int128 *ret)
{
	struct ckpt_eval_context context = {.parent = CKPT_PLAN_NONE};

	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	return ckpt_eval(m.call, expr, &context, ret);
}

static __int128 eval(uint32_t expr)
{
	__int128 value = 0;

	ck_assert_int_eq(try_eval(expr, &value), CKPT_OK);
	return value;
}

static enum ckpt_refusal_kind refusal(uint32_t expr)
{
	__int128 value;

	ck_assert_int_eq(try_eval(expr, &value), CKPT_UNSUPPORTED);
	ck_assert_uint_eq(m.call->refusal.expr, expr);
	return m.call->refusal.kind;
}

#define BINARY(a, name, b) \
	(marshal_init(&m), eval(EXPR(&m, CONST(a), CONST(b), OP(name))))

START_TEST(arithmetic_is_that_of_the_integers)
{
	ck_assert(BINARY(7, ADD, -9) == -2);
	ck_assert(BINARY(7, SUB, 9) == -2);
	ck_assert(BINARY(-7, MUL, 9) == -63);
	ck_assert(BINARY(-7, DIV, 2) == -3);
	ck_assert(BINARY(-7, MOD, 2) == -1);
	ck_assert(BINARY(5, SHL, 3) == 40);
	ck_assert(BINARY(-8, SHR, 1) == -4);
	ck_assert(BINARY(12, AND, 10) == 8);
	ck_assert(BINARY(12, OR, 10) == 14);
	ck_assert(BINARY(12, XOR, 10) == 6);
	ck_assert(BINARY(3, MIN, -4) == -4);
	ck_assert(BINARY(3, MAX, -4) == 3);
	ck_assert(BINARY(3, LT, 4) == 1 && BINARY(4, LT, 4) == 0);
	ck_assert(BINARY(4, LE, 4) == 1 && BINARY(4, GE, 5) == 0);
	ck_assert(BINARY(-1, GT, 1) == 0 && BINARY(1, EQ, 1) == 1);
	ck_assert(BINARY(1, NE, 1) == 0);
}
END_TEST

START_TEST(signed_and_unsigned_values_compare_by_value)
{
	marshal_init(&m);
	m.frame.gpr[0] = UINT64_MAX;
	ck_assert(eval(EXPR(&m, GPR(0), LOAD(8, 0), CONST(-1), OP(GT))) == 1);
	ck_assert(eval(EXPR(&m, GPR(0), LOAD(8, 1), CONST(-1), OP(EQ))) == 1);
}
END_TEST

START_TEST(unary_operators_work)
{
	marshal_init(&m);
	ck_assert(eval(EXPR(&m, CONST(5), OP(NEG))) == -5);
	ck_assert(eval(EXPR(&m, CONST(5), OP(NOT))) == -6);
	ck_assert(eval(EXPR(&m, CONST(5), OP(LNOT))) == 0);
	ck_assert(eval(EXPR(&m, CONST(-5), OP(ABS))) == 5);
	ck_assert(eval(EXPR(&m, CONST(5), OP(POW2))) == 8);
	ck_assert(eval(EXPR(&m, CONST(8), OP(POW2))) == 8);
	ck_assert(eval(EXPR(&m, CONST(0), OP(POW2))) == 1);
}
END_TEST

START_TEST(leaving_64_bits_refuses)
{
	marshal_init(&m);
	ck_assert(eval(EXPR(&m, CONST(INT64_MAX), CONST(2), OP(MUL))) ==
		  (__int128)INT64_MAX * 2);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(INT64_MAX), CONST(3), OP(MUL))),
			 CKPT_REFUSAL_OVERFLOW);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(INT64_MIN), CONST(1), OP(SUB))),
			 CKPT_REFUSAL_OVERFLOW);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(1), CONST(63), OP(SHL),
				      CONST(1), OP(SHL))),
			 CKPT_REFUSAL_OVERFLOW);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(INT64_MAX), OP(POW2), CONST(2),
				      OP(MUL))),
			 CKPT_REFUSAL_OVERFLOW);
}
END_TEST

START_TEST(division_by_zero_and_wild_shifts_refuse)
{
	marshal_init(&m);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(1), CONST(0), OP(DIV))),
			 CKPT_REFUSAL_EXPRESSION);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(1), CONST(0), OP(MOD))),
			 CKPT_REFUSAL_EXPRESSION);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(1), CONST(64), OP(SHL))),
			 CKPT_REFUSAL_EXPRESSION);
	ck_assert_int_eq(refusal(EXPR(&m, CONST(1), CONST(-1), OP(SHR))),
			 CKPT_REFUSAL_EXPRESSION);
}
END_TEST

START_TEST(the_branch_not_taken_is_not_evaluated)
{
	/* x ? 10 / x : 7 */
	uint32_t expr;

	marshal_init(&m);
	expr = EXPR(&m, GPR(0), LOAD(4, 1), OPI(JUMP_IF_ZERO, 5), CONST(10),
		    GPR(0), LOAD(4, 1), OP(DIV), OPI(JUMP, 1), CONST(7));
	m.frame.gpr[0] = 0;
	ck_assert(eval(expr) == 7);
	m.frame.gpr[0] = 5;
	ck_assert(eval(expr) == 2);
}
END_TEST

START_TEST(memory_is_read_by_size_and_sign)
{
	int32_t values[] = {-2, 3};

	marshal_init(&m);
	m.frame.gpr[0] = (uintptr_t)values;
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), LOAD(4, 1))) == -2);
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), LOAD(4, 0))) ==
		  0xfffffffe);
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), CONST(1), OPI(INDEX, 4),
			    LOAD(4, 1))) == 3);
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), OPI(ADD_OFF, 4),
			    LOAD(1, 0))) == 3);
}
END_TEST

START_TEST(stack_arguments_are_read_where_they_are)
{
	marshal_init(&m);
	m.function.stack_size = 16;
	m.stack[2] = 77;
	ck_assert(eval(EXPR(&m, OPI(STACK, 8), LOAD(8, 0))) == 77);
}
END_TEST

START_TEST(null_and_unmapped_memory_refuse)
{
	uint8_t *guarded = marshal_guarded(4);

	marshal_init(&m);
	ck_assert_int_eq(refusal(EXPR(&m, GPR(0), OP(POINTEE), LOAD(4, 1))),
			 CKPT_REFUSAL_NULL);
	m.frame.gpr[0] = (uintptr_t)guarded;
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), LOAD(4, 1))) == 0);
	ck_assert_int_eq(refusal(EXPR(&m, GPR(0), OP(POINTEE), LOAD(8, 1))),
			 CKPT_REFUSAL_WILD);
	m.frame.gpr[0] = 8;
	ck_assert_int_eq(refusal(EXPR(&m, GPR(0), OP(POINTEE), LOAD(4, 1))),
			 CKPT_REFUSAL_WILD);
}
END_TEST

START_TEST(strlen_stops_at_the_end_of_memory)
{
	uint8_t *text = marshal_guarded(4);

	marshal_init(&m);
	m.frame.gpr[0] = (uintptr_t) "hello";
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), OP(STRLEN))) == 5);
	memset(text, 'x', 4);
	m.frame.gpr[0] = (uintptr_t)text;
	ck_assert_int_eq(refusal(EXPR(&m, GPR(0), OP(POINTEE), OP(STRLEN))),
			 CKPT_REFUSAL_ENDLESS);
}
END_TEST

START_TEST(bit_fields_are_read_by_their_bits)
{
	uint32_t word = 0x0000f3a0;
	struct ckpt_plan_op bits = {CKPT_OP_LOAD_BITS, 4, 1, 0, 4 | 8 << 8, 0};

	marshal_init(&m);
	m.frame.gpr[0] = (uintptr_t)&word;
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), bits)) == 0x3a);
	word = 0xfa0;
	ck_assert(eval(EXPR(&m, GPR(0), OP(POINTEE), bits)) == -6);
}
END_TEST

/* Is the element's field, `size` bytes at offset 4, equal to `number`? */
static bool is_equal(uint32_t size, bool is_signed, int64_t number,
		     enum ckpt_plan_op_code code)
{
	uint8_t element[16] = {[0 ... 15] = 0xff};
	struct ckpt_eval_context context = {.parent = CKPT_PLAN_NONE,
					    .element = element};
	bool ret = false;
	uint32_t expr;

	marshal_init(&m);
	expr = EXPR(&m, {.code = CKPT_OP_ELEMENT, .imm = 4},
		    LOAD(size, is_signed), CONST(number), {.code = code});
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	ck_assert_int_eq(ckpt_eval_is_true(m.call, expr, &context, &ret),
			 CKPT_OK);
	return ret;
}

START_TEST(fields_of_elements_compare_by_size_and_sign)
{
	ck_assert(is_equal(4, true, -1, CKPT_OP_EQ));
	ck_assert(!is_equal(4, true, -1, CKPT_OP_NE));
	ck_assert(!is_equal(4, false, -1, CKPT_OP_EQ));
	ck_assert(is_equal(4, false, UINT32_MAX, CKPT_OP_EQ));
	ck_assert(is_equal(2, false, 0xffff, CKPT_OP_EQ));
	ck_assert(is_equal(1, true, 0xff, CKPT_OP_NE));
	ck_assert(is_equal(8, true, -1, CKPT_OP_EQ));
}
END_TEST

START_TEST(a_missing_pre_value_refuses)
{
	marshal_init(&m);
	ck_assert_int_eq(refusal(EXPR(&m, PRE(0))), CKPT_REFUSAL_NO_PRE);
}
END_TEST

UNIT_MAIN("eval", arithmetic_is_that_of_the_integers,
	  signed_and_unsigned_values_compare_by_value, unary_operators_work,
	  leaving_64_bits_refuses, division_by_zero_and_wild_shifts_refuse,
	  the_branch_not_taken_is_not_evaluated,
	  memory_is_read_by_size_and_sign,
	  stack_arguments_are_read_where_they_are,
	  null_and_unmapped_memory_refuse, strlen_stops_at_the_end_of_memory,
	  bit_fields_are_read_by_their_bits,
	  fields_of_elements_compare_by_size_and_sign,
	  a_missing_pre_value_refuses)
