/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/walk.h"

#include "tests/unit/compile.h"

/* The first clause of the first parameter, whose value is in rdi. */
static uint32_t first_clause(void)
{
	return m.program.nodes[m.program.roots[m.function.first_root].node]
		.first;
}

static enum ckpt_status measure(const void *value, struct ckpt_extent *ret)
{
	const struct ckpt_walk_pointer pointer = {
		.from = (uint8_t *)&m.frame.gpr[0],
		.holder = CKPT_PLAN_NONE,
	};

	ckpt_arena_deinit(&m.arena);
	set_pointer(0, value);
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	return ckpt_walk_measure(m.call, first_clause(), &pointer,
				 (uint8_t *)value, false, ret);
}

START_TEST(an_extent_is_as_long_as_its_clause_says)
{
	double x[12] = {0};
	struct ckpt_extent extent;

	compile("int f(const double *x, int n);",
		"[function.memory]\nx = \"[2 * n]\"\n");
	m.frame.gpr[1] = 3;
	ck_assert_int_eq(measure(x, &extent), CKPT_OK);
	ck_assert_ptr_eq(extent.address, x);
	ck_assert_uint_eq(extent.size, 48);
	ck_assert_uint_eq(extent.bound, 48);
	ck_assert_uint_eq(ckpt_extent_rows(&extent), 1);
}
END_TEST

START_TEST(rows_end_with_the_last_one)
{
	double x[12] = {0};
	struct ckpt_extent extent;

	compile("int f(const double *x, int n, int step);",
		"[function.memory]\nx = \"rows(n, 2, step step)\"\n");
	m.frame.gpr[1] = 3;
	m.frame.gpr[2] = 5;
	ck_assert_int_eq(measure(x, &extent), CKPT_OK);
	ck_assert_uint_eq(extent.size, (2 * 5 + 2) * sizeof(double));
	ck_assert_uint_eq(extent.row_size, 2 * sizeof(double));
	ck_assert_uint_eq(ckpt_extent_rows(&extent), 3);
	m.frame.gpr[2] = 0; /* one row over itself */
	ck_assert_int_eq(measure(x, &extent), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_NEGATIVE);
}
END_TEST

START_TEST(a_string_ends_before_memory_does)
{
	uint8_t *text = marshal_guarded(4);
	struct ckpt_extent extent;

	compile("int f(const char *s);", "[function.memory]\ns = \"string\"\n");
	memcpy(text, "abc", 4);
	ck_assert_int_eq(measure(text, &extent), CKPT_OK);
	ck_assert_uint_eq(extent.size, 4);
	text[3] = 'd';
	ck_assert_int_eq(measure(text, &extent), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_ENDLESS);
}
END_TEST

START_TEST(nothing_is_read_before_it_is_known_to_be_mapped)
{
	uint8_t *x = marshal_guarded(32);
	struct ckpt_extent extent;

	compile("int f(const double *x, int n);",
		"[function.memory]\nx = \"[n]\"\n");
	m.frame.gpr[1] = 4;
	ck_assert_int_eq(measure(x, &extent), CKPT_OK);
	m.frame.gpr[1] = 5;
	ck_assert_int_eq(measure(x, &extent), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_UNREADABLE);
	ck_assert_uint_eq(m.call->refusal.size, 40);
}
END_TEST

START_TEST(blocks_go_back_to_where_they_are_from)
{
	struct ckpt_plan_clause clause = {.owner = CKPT_OWNER_MALLOC};

	ck_assert_str_eq(ckpt_walk_allocator(&m.program, &clause), "malloc");
	ck_assert_str_eq(ckpt_walk_releaser(&clause), "free");
	clause.owner = CKPT_OWNER_RENEW;
	ck_assert_str_eq(ckpt_walk_allocator(&m.program, &clause),
			 "_ZnwmRKSt9nothrow_t");
	ck_assert_str_eq(ckpt_walk_releaser(&clause), "_ZdlPv");
	clause.alignment = 64;
	ck_assert_str_eq(ckpt_walk_releaser(&clause), "_ZdlPvSt11align_val_t");
	clause.owner = CKPT_OWNER_CUSTOM;
	ck_assert_ptr_null(ckpt_walk_releaser(&clause));
}
END_TEST

UNIT_MAIN("walk", an_extent_is_as_long_as_its_clause_says,
	  rows_end_with_the_last_one, a_string_ends_before_memory_does,
	  nothing_is_read_before_it_is_known_to_be_mapped,
	  blocks_go_back_to_where_they_are_from)
