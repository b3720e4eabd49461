/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/call.h"

#include "tests/unit/compile.h"

START_TEST(a_reservation_moves_the_table_along)
{
	const struct ckpt_extent *before;
	uint64_t off;

	compile("int f(const int *x);", "[function.memory]\nx = \"one\"\n");
	set_pointer(0, (int[]){7});
	(void)marshal_key(&m);
	before = m.call->extents;
	ck_assert_ptr_eq(before, m.call->inline_extents);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(ckpt_call_reserve(m.call, 1 << 16, &off),
				 CKPT_OK);
	ck_assert_uint_eq(m.call->extent_count, 2);
	ck_assert_uint_eq(m.call->extents[1].size, sizeof(int));
}
END_TEST

START_TEST(a_refusal_keeps_the_place_that_the_walk_noted)
{
	int x = 1;

	compile("int f(const int *x);", "[function.memory]\nx = \"one\"\n");
	set_pointer(0, &x);
	(void)marshal_key(&m);
	ck_assert_int_eq(ckpt_call_refuse(m.call, CKPT_REFUSAL_BOUND, 3, &x, 4),
			 CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_BOUND);
	ck_assert_uint_eq(m.call->refusal.clause, 3);
	ck_assert_ptr_eq(m.call->refusal.address, &x);
	ck_assert_uint_eq(m.call->refusal.size, 4);
}
END_TEST

/* struct { long; double; } comes in rdi and xmm0 and goes out in rax, xmm0. */
START_TEST(split_values_are_gathered_and_scattered)
{
	double x = 3.5;

	compile("struct pair { long n; double x; };\n"
		"struct pair f(struct pair p);",
		"");
	m.frame.gpr[0] = 5;
	set_double(0, 2.5);
	(void)marshal_key(&m);
	m.frame.result_rax = 6;
	memcpy(m.frame.result_vec, &x, sizeof(x));
	ckpt_call_gather_result(m.call);
	m.frame.result_rax = 0;
	memset(m.frame.result_vec, 0, sizeof(double));
	ckpt_call_scatter_result(m.call);
	memcpy(&x, m.frame.result_vec, sizeof(x));
	ck_assert(x == 3.5);
}
END_TEST

UNIT_MAIN("call", a_reservation_moves_the_table_along,
	  a_refusal_keeps_the_place_that_the_walk_noted,
	  split_values_are_gathered_and_scattered)
