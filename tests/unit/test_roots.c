/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/roots.h"

#include "tests/unit/pretended_object.h"

static struct marshal m;

static void begin(void)
{
	ckpt_arena_deinit(&m.arena);
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
}

static void add_global(uint64_t vaddr, uint32_t size)
{
	marshal_root(&m, CKPT_ROOT_GLOBAL, marshal_bytes(&m, size, size),
		     vaddr);
}

START_TEST(a_function_without_result_has_an_empty_one)
{
	marshal_init(&m);
	begin();
	ck_assert_int_eq(ckpt_roots_add_result(m.call), CKPT_OK);
	ck_assert_uint_eq(m.call->extent_count, 1);
	ck_assert_uint_eq(m.call->extents[0].size, 0);
}
END_TEST

START_TEST(a_result_is_in_the_frame)
{
	marshal_init(&m);
	marshal_result(&m, marshal_bytes(&m, 8, 8));
	begin();
	ck_assert_int_eq(ckpt_roots_add_result(m.call), CKPT_OK);
	ck_assert_ptr_eq(m.call->extents[0].address, &m.frame.result_rax);
	ck_assert_uint_eq(m.call->extents[0].size, 8);
}
END_TEST

START_TEST(an_argument_on_the_stack_is_behind_the_return_address)
{
	struct ckpt_plan_root root = {.place = CKPT_PLACE_STACK, .off = 16};

	marshal_init(&m);
	begin();
	ck_assert_ptr_eq(ckpt_roots_place(m.call, &root), &m.stack[3]);
	root.place = CKPT_PLACE_FRAME;
	root.off = CKPT_FRAME_GPR + 8;
	ck_assert_ptr_eq(ckpt_roots_place(m.call, &root), &m.frame.gpr[1]);
}
END_TEST

START_TEST(an_address_is_found_in_the_global_it_lies_in)
{
	uint8_t *object;
	uint32_t number = 0;

	marshal_init(&m);
	object = pretend_object(&m);
	add_global(OBJECT_PAGE, 16);
	add_global(OBJECT_PAGE + 64, 8);
	begin();
	ck_assert_int_eq(ckpt_roots_add_result(m.call), CKPT_OK);
	ck_assert_int_eq(ckpt_roots_add_global(m.call, 0), CKPT_OK);
	ck_assert_int_eq(ckpt_roots_add_global(m.call, 1), CKPT_OK);
	ck_assert(ckpt_roots_find_global(m.call, object + OBJECT_PAGE + 15,
					 &number));
	ck_assert_uint_eq(number, 1);
	ck_assert(ckpt_roots_find_global(m.call, object + OBJECT_PAGE + 64,
					 &number));
	ck_assert_uint_eq(number, 2);
	ck_assert(!ckpt_roots_find_global(m.call, object + OBJECT_PAGE + 16,
					  &number));
}
END_TEST

START_TEST(a_global_that_is_not_mapped_is_refused)
{
	marshal_init(&m);
	(void)pretend_object(&m);
	add_global((uint64_t)1 << 40, 8);
	begin();
	ck_assert_int_eq(ckpt_roots_add_global(m.call, 0), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_GLOBAL_MISSING);
	m.roots[0].object = 3;
	ck_assert_int_eq(ckpt_roots_add_global(m.call, 0), CKPT_UNSUPPORTED);
}
END_TEST

UNIT_MAIN("roots", a_function_without_result_has_an_empty_one,
	  a_result_is_in_the_frame,
	  an_argument_on_the_stack_is_behind_the_return_address,
	  an_address_is_found_in_the_global_it_lies_in,
	  a_global_that_is_not_mapped_is_refused)
