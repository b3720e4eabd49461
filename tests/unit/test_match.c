/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/match.h"

#include "shim/planner/barred.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

/* Functions of this very program, under names of C++ as a compiler gives
 * them: geo::area(int), geo::area(double), geo::box::grow(int) const. */
int area_int(int x) __asm__("_ZN3geo4areaEi");
int area_double(double x) __asm__("_ZN3geo4areaEd");
int box_grow(int x) __asm__("_ZNK3geo3box4growEi");
int grow_cold(int x) __asm__("_ZNK3geo3box4growEi.cold");
int cloned(int x) __asm__("cloned.isra.0");
int match_me_one(int x);
int match_me_two(int x);
int match_me_alias(int x) __attribute__((alias("match_me_one")));

int area_int(int x)
{
	return x * 3;
}
int area_double(double x)
{
	return (int)x * 5;
}
int box_grow(int x)
{
	return x * 7;
}
int grow_cold(int x)
{
	return x * 11;
}
int cloned(int x)
{
	return x * 23;
}
int match_me_one(int x)
{
	return x * 13;
}
int match_me_two(int x)
{
	return x * 17;
}

static struct ckpt_scope *scope;
static struct ckpt_matches matches;
static struct ckpt_err err;

static size_t find(const char *name, const char *object)
{
	struct ckpt_function_config config = {.name = (char *)name,
					      .object = (char *)object};

	if (!scope)
		ck_assert_int_eq(ckpt_scope_of_program("/proc/self/exe", NULL,
						       &scope, &err),
				 CKPT_OK);
	ckpt_matches_deinit(&matches);
	ck_assert_int_eq(ckpt_match_find(scope, &config, &matches, &err),
			 CKPT_OK);
	return matches.count;
}

static bool has_name(size_t index, const char *name)
{
	for (size_t i = 0; i < matches.items[index].name_count; i++)
		if (!strcmp(matches.items[index].names[i].name, name))
			return true;
	return false;
}

START_TEST(a_symbol_of_the_program_is_found)
{
	ck_assert_uint_eq(find("match_me_two", NULL), 1);
	ck_assert_uint_eq(matches.items[0].object, 0);
	ck_assert_uint_gt(matches.items[0].size, 0);
	ck_assert_str_eq(matches.items[0].display, "match_me_two");
	ck_assert_int_eq(matches.items[0].is_ifunc, 0);
}
END_TEST

START_TEST(names_of_one_address_are_one_function)
{
	ck_assert_uint_eq(find("match_me_alias", NULL), 1);
	ck_assert_uint_eq(matches.items[0].name_count, 2);
	ck_assert(has_name(0, "match_me_one"));
	ck_assert(has_name(0, "match_me_alias"));
	ck_assert_str_eq(matches.items[0].symbol, "match_me_alias");
}
END_TEST

START_TEST(a_pattern_finds_each_function_once)
{
	ck_assert(ckpt_match_is_pattern("match_me_*"));
	ck_assert(ckpt_match_is_symbol_pattern("my_operator_*"));
	ck_assert(!ckpt_match_is_symbol_pattern("operator*"));
	ck_assert(!ckpt_match_is_symbol_pattern("geo::operator[]"));
	ck_assert_uint_eq(find("match_me_*", NULL), 2);
	ck_assert_uint_lt(matches.items[0].vaddr, matches.items[1].vaddr);
}
END_TEST

START_TEST(a_cplusplus_name_means_all_overloads)
{
	ck_assert_uint_eq(find("geo::area", NULL), 2);
	ck_assert_uint_eq(find("geo::area(int)", NULL), 1);
	ck_assert_str_eq(matches.items[0].display, "geo::area(int)");
	ck_assert_uint_eq(find("_ZN3geo4areaEd", NULL), 1);
	ck_assert_str_eq(matches.items[0].display, "geo::area(double)");
	ck_assert_uint_eq(find("geo::*", NULL), 3);
}
END_TEST

START_TEST(parts_of_a_function_do_not_answer_to_its_name)
{
	ck_assert_uint_eq(find("geo::box::grow", NULL), 1);
	ck_assert_str_eq(matches.items[0].symbol, "_ZNK3geo3box4growEi");
	ck_assert_uint_eq(find("geo::box::grow(int) const", NULL), 1);
}
END_TEST

START_TEST(an_object_limits_where_is_looked)
{
	ck_assert_uint_eq(find("match_me_two", "libc.so*"), 0);
	ck_assert_uint_eq(find("qsort", "libc.so.6"), 1);
	ck_assert_uint_eq(find("qsort", "*/libc.so.6"), 1);
	ck_assert_uint_eq(find("qsort", "libm.so*"), 0);
}
END_TEST

START_TEST(a_version_can_be_asked_for)
{
	/* glibc has had two memcpy on x86-64 since 2.14. */
	ck_assert_uint_eq(find("memcpy@GLIBC_2.14", "libc.so.6"), 1);
	ck_assert(matches.items[0].is_ifunc);
	ck_assert_uint_eq(find("memcpy@GLIBC_2.99", "libc.so.6"), 0);
	ck_assert_uint_eq(find("memcpy", "libc.so.6"), 2);
}
END_TEST

START_TEST(a_name_nobody_has_finds_nothing)
{
	ck_assert_uint_eq(find("no_such_function_anywhere", NULL), 0);
}
END_TEST

START_TEST(variables_are_no_functions)
{
	ck_assert_uint_eq(find("environ", NULL), 0);
	ck_assert_uint_eq(find("stdout", NULL), 0);
}
END_TEST

START_TEST(the_words_calls_go_through_are_counted)
{
	/* This program calls usleep through its PLT, and libc exports it. */
	usleep(0);
	ck_assert_uint_eq(find("usleep", "libc.so*"), 1);
	ckpt_match_count_slots(scope, &matches.items[0]);
	ck_assert_uint_ge(matches.items[0].slot_count, 1);
	ck_assert_uint_eq(find("match_me_two", NULL), 1);
	ckpt_match_count_slots(scope, &matches.items[0]);
	ck_assert_uint_eq(matches.items[0].slot_count, 0);
}
END_TEST

START_TEST(what_returns_twice_or_never_is_barred)
{
	ck_assert_ptr_nonnull(ckpt_barred_reason("setjmp"));
	ck_assert_ptr_nonnull(ckpt_barred_reason("execve"));
	ck_assert_ptr_nonnull(ckpt_barred_reason("execlp"));
	ck_assert_ptr_nonnull(ckpt_barred_reason("exit"));
	ck_assert_ptr_nonnull(ckpt_barred_reason("_Unwind_RaiseException"));
	ck_assert_ptr_null(ckpt_barred_reason("crypt"));
	ck_assert_ptr_null(ckpt_barred_reason("execute_model"));
}
END_TEST

START_TEST(a_clone_with_other_arguments_is_told_by_its_name)
{
	struct ckpt_function_config config = {.name = (char *)"cloned"};
	uint32_t object = 7;

	ck_assert_uint_eq(find("cloned", NULL), 0);
	ck_assert_str_eq(ckpt_match_find_clone(scope, &config, &object),
			 "cloned.isra.0");
	ck_assert_uint_eq(object, 0);
	config.name = (char *)"clone";
	ck_assert_ptr_null(ckpt_match_find_clone(scope, &config, &object));
}
END_TEST

UNIT_MAIN("match", a_symbol_of_the_program_is_found,
	  names_of_one_address_are_one_function,
	  a_pattern_finds_each_function_once,
	  a_cplusplus_name_means_all_overloads,
	  parts_of_a_function_do_not_answer_to_its_name,
	  an_object_limits_where_is_looked, a_version_can_be_asked_for,
	  a_name_nobody_has_finds_nothing, variables_are_no_functions,
	  the_words_calls_go_through_are_counted,
	  what_returns_twice_or_never_is_barred,
	  a_clone_with_other_arguments_is_told_by_its_name)
