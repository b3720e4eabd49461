/* SPDX-License-Identifier: MIT */
#include "shim/runtime/routes.h"

#include "tests/unit/unit.h"

/* thunk_x86_64.S wants them; no call is made here. */
uint32_t ckpt_memo_enter(struct ckpt_frame *frame)
{
	(void)frame;
	return CKPT_BYPASS;
}

void ckpt_memo_leave(struct ckpt_frame *frame)
{
	(void)frame;
}

static struct ckpt_routes routes;
static struct ckpt_plan_function plan;
static struct ckpt_memo_function one, two;
static char originals[CKPT_THUNK_COUNT + 1];

static void set_up(void)
{
	ck_assert_int_eq(ckpt_routes_init(&routes), CKPT_OK);
	plan = (struct ckpt_plan_function){.vector_width = CKPT_VECTOR_XMM};
	one.program.function = two.program.function = &plan;
}

/* The entry that a stub leads to: stubs stand in order. */
static const struct ckpt_thunk_entry *entry_of(const void *stub)
{
	return &ckpt_thunk_entries[((uintptr_t)stub -
				    (uintptr_t)ckpt_thunk_stubs) /
				   CKPT_THUNK_STUB_SIZE];
}

START_TEST(equal_calls_share_a_stub_and_others_do_not)
{
	void *stub = ckpt_routes_function(&routes, &originals[0], &one);

	ck_assert(ckpt_thunk_is_stub(stub));
	ck_assert_ptr_eq(ckpt_routes_function(&routes, &originals[0], &one),
			 stub);
	ck_assert_ptr_ne(ckpt_routes_function(&routes, &originals[1], &one),
			 stub);
	ck_assert_ptr_ne(ckpt_routes_function(&routes, &originals[0], &two),
			 stub);
	ck_assert_uint_eq(routes.count, 3);
}
END_TEST

START_TEST(a_stub_knows_its_original_and_its_registers)
{
	void *stub;

	plan.flags = CKPT_FUNCTION_X87_PAIR;
	stub = ckpt_routes_function(&routes, &originals[7], &one);
	ck_assert_ptr_eq(entry_of(stub)->original, &originals[7]);
	ck_assert_uint_eq(entry_of(stub)->x87_count, 2);
	ck_assert_uint_eq(entry_of(stub)->vector_width, CKPT_VECTOR_XMM);
	ck_assert_ptr_eq(routes.items[0].function, &one);
	ck_assert_ptr_null(routes.items[0].watch);
}
END_TEST

START_TEST(no_wider_registers_than_the_processor_has)
{
	void *stub;

	plan.vector_width = CKPT_VECTOR_ZMM;
	stub = ckpt_routes_function(&routes, &originals[0], &one);
	ck_assert_uint_eq(entry_of(stub)->vector_width, ckpt_thunk_widest());
}
END_TEST

START_TEST(what_is_watched_has_a_route_of_its_own)
{
	static const struct ckpt_memo_watch watch = {.classes = 1};
	void *cached = ckpt_routes_function(&routes, &originals[0], &one);
	void *watched = ckpt_routes_watch(&routes, &originals[0], &watch);

	ck_assert_ptr_ne(cached, watched);
	ck_assert_ptr_eq(ckpt_routes_watch(&routes, &originals[0], &watch),
			 watched);
	ck_assert_ptr_eq(routes.items[1].watch, &watch);
	ck_assert_ptr_null(routes.items[1].function);
}
END_TEST

START_TEST(all_calls_of_one_function_pass_by_and_no_others)
{
	void *first = ckpt_routes_function(&routes, &originals[0], &one);
	void *second = ckpt_routes_function(&routes, &originals[1], &one);
	void *other = ckpt_routes_function(&routes, &originals[0], &two);

	ckpt_routes_bypass(&routes, &one, true);
	ck_assert(entry_of(first)->is_bypassed);
	ck_assert(entry_of(second)->is_bypassed);
	ck_assert(!entry_of(other)->is_bypassed);
	ckpt_routes_bypass(&routes, &one, false);
	ck_assert(!entry_of(first)->is_bypassed);
}
END_TEST

START_TEST(an_entry_keeps_all_registers)
{
	void *stub = ckpt_routes_entry(&routes, &originals[0], &one);

	if (ckpt_thunk_preserved() == CKPT_VECTOR_NONE) {
		ck_assert_ptr_null(stub);
		return;
	}
	ck_assert_ptr_eq(stub, ckpt_thunk_entry_stub(0));
	ck_assert_uint_eq(ckpt_thunk_entries[0].preserved_width,
			  ckpt_thunk_preserved());
}
END_TEST

START_TEST(there_are_so_many_and_no_more)
{
	for (uint32_t i = 0; i < CKPT_THUNK_COUNT; i++)
		ck_assert_ptr_nonnull(
			ckpt_routes_function(&routes, &originals[i], &one));
	ck_assert_ptr_null(ckpt_routes_function(
		&routes, &originals[CKPT_THUNK_COUNT], &one));
	ck_assert_ptr_nonnull(
		ckpt_routes_function(&routes, &originals[0], &one));
}
END_TEST

UNIT_MAIN_WITH("routes", set_up, NULL,
	       equal_calls_share_a_stub_and_others_do_not,
	       a_stub_knows_its_original_and_its_registers,
	       no_wider_registers_than_the_processor_has,
	       what_is_watched_has_a_route_of_its_own,
	       all_calls_of_one_function_pass_by_and_no_others,
	       an_entry_keeps_all_registers, there_are_so_many_and_no_more)
