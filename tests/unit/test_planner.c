/* SPDX-License-Identifier: MIT */
#include "shim/planner/planner.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

int not_exported(int x);

int not_exported(int x)
{
	return x * 19;
}

static struct ckpt_function_config block = {
	.signature = (char *)"int f(int x)",
	.signature_place = {"ckpt.toml", 3, 13},
};
static struct ckpt_config config = {
	.path = (char *)"/c/ckpt.toml",
	.directory = (char *)"/c/.ckpt",
	.functions = &block,
	.function_count = 1,
};
static struct ckpt_deps deps;
static struct ckpt_planning *planning;

/* The block's function, in this very process. */
static const struct ckpt_planned_function *plan(const char *name)
{
	static struct ckpt_scope *scope;
	struct ckpt_err err;

	block.name = (char *)name;
	ck_assert_int_eq(
		ckpt_scope_of_program("/proc/self/exe", &deps, &scope, &err),
		CKPT_OK);
	ck_assert_msg(!ckpt_planner_run(&config, scope, &deps, &planning, &err),
		      "%s", err.text);
	return planning->function_count ? &planning->functions[0] : NULL;
}

static void expect_refusal(const char *name, const char *text)
{
	const struct ckpt_planned_function *function = plan(name);

	ck_assert_ptr_nonnull(function);
	ck_assert_ptr_nonnull(function->refusal);
	ck_assert_msg(strstr(function->refusal, text) != NULL,
		      "'%s' is not in: %s", text, function->refusal);
	/* It is told, as an error of that function. */
	ck_assert_uint_ge(planning->note_count, 1);
	ck_assert_uint_eq(planning->notes[0].function, 0);
	ck_assert(planning->notes[0].is_error);
}

START_TEST(what_returns_twice_is_refused)
{
	expect_refusal("_setjmp", "returns more than once");
}
END_TEST

START_TEST(a_variable_number_of_arguments_is_refused)
{
	block.signature = (char *)"int printf(const char *format, ...)";
	expect_refusal("printf", "variable number of arguments");
}
END_TEST

START_TEST(the_entry_of_a_function_chosen_at_run_time_is_not_known)
{
	block.signature = (char *)"void *memcpy(void *to, const void *from, "
				  "unsigned long n)";
	block.via = CKPT_VIA_ENTRY;
	expect_refusal("memcpy@GLIBC_2.14", "IFUNC");
}
END_TEST

START_TEST(a_function_nobody_can_call_from_outside_is_reached_by_its_entry)
{
	const struct ckpt_planned_function *function = plan("not_exported");

	ck_assert_msg(!function->refusal, "%s", function->refusal);
	ck_assert(function->has_entry);
	ck_assert_uint_ge(function->entry_patch.window_size, 5);
}
END_TEST

START_TEST(slots_alone_cannot_reach_it)
{
	block.via = CKPT_VIA_SLOT;
	expect_refusal("not_exported", "does not export it");
}
END_TEST

START_TEST(the_c_runtime_is_not_patched)
{
	block.via = CKPT_VIA_ENTRY;
	expect_refusal("abs", "part of the C runtime");
}
END_TEST

START_TEST(a_contract_that_is_missing_is_refused_with_the_line_to_add)
{
	block.signature = (char *)"int atoi(const int *text)";
	expect_refusal("atoi", "text");
}
END_TEST

START_TEST(a_function_nobody_has_is_absent_and_no_error)
{
	const struct ckpt_planned_function *function = plan("no_such_thing");

	ck_assert_ptr_nonnull(function);
	ck_assert_uint_eq(function->match.object, CKPT_PLAN_NONE);
	ck_assert_ptr_null(function->refusal);
	for (size_t i = 0; i < planning->note_count; i++)
		ck_assert(!planning->notes[i].is_error);
}
END_TEST

START_TEST(a_config_for_another_program_plans_nothing)
{
	config.program = (char *)"other*";
	ck_assert_ptr_null(plan("abs"));
	ck_assert(planning->is_other_program);
	config.program = (char *)"test_plan*";
	ck_assert_ptr_nonnull(plan("abs"));
}
END_TEST

/* abs(3) of libc: no memory, no global, no call. */
START_TEST(a_pure_function_is_planned)
{
	const struct ckpt_planned_function *function = plan("abs");

	ck_assert_ptr_nonnull(function);
	ck_assert_msg(!function->refusal, "%s", function->refusal);
	ck_assert(function->has_signature && function->has_closure);
	ck_assert_uint_eq(function->signature.parameter_count, 1);
	/* One parameter and the result. */
	ck_assert_uint_eq(function->entry.root_count, 2);
	ck_assert_uint_gt(deps.count, 2);
}
END_TEST

START_TEST(a_name_wins_over_a_pattern)
{
	static struct ckpt_function_config blocks[2];

	blocks[0] = block;
	blocks[0].name = (char *)"labs*";
	blocks[1] = block;
	config.functions = blocks;
	config.function_count = 2;
	blocks[1].name = (char *)"labs";
	ck_assert_ptr_nonnull(plan("unused"));
	ck_assert_ptr_eq(planning->functions[0].config, &blocks[1]);
}
END_TEST

UNIT_MAIN("planner", what_returns_twice_is_refused,
	  a_variable_number_of_arguments_is_refused,
	  the_entry_of_a_function_chosen_at_run_time_is_not_known,
	  a_function_nobody_can_call_from_outside_is_reached_by_its_entry,
	  slots_alone_cannot_reach_it, the_c_runtime_is_not_patched,
	  a_contract_that_is_missing_is_refused_with_the_line_to_add,
	  a_function_nobody_has_is_absent_and_no_error,
	  a_config_for_another_program_plans_nothing,
	  a_pure_function_is_planned, a_name_wins_over_a_pattern)
