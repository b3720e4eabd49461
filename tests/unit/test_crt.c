/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/crt.h"

#include "shim/planner/code/codehash.h"
#include "tests/unit/unit.h"

START_TEST(libraries_are_known_by_soname_and_file)
{
	ck_assert(ckpt_crt_is_runtime("libc.so.6"));
	ck_assert(ckpt_crt_is_runtime("libm.so.6"));
	ck_assert(ckpt_crt_is_runtime("ld-linux-x86-64.so.2"));
	ck_assert(ckpt_crt_is_runtime("libstdc++.so.6.0.30"));
	ck_assert(!ckpt_crt_is_runtime("libcrypt.so.1"));
	ck_assert(!ckpt_crt_is_runtime("libc"));
	ck_assert(!ckpt_crt_is_runtime("libmodel.so"));
	ck_assert(!ckpt_crt_is_runtime("mylibc.so.6"));
}
END_TEST

START_TEST(allocators_are_the_c_and_cxx_ones)
{
	ck_assert(ckpt_crt_is_allocator("malloc"));
	ck_assert(ckpt_crt_is_allocator("_Znwm"));
	ck_assert(ckpt_crt_is_allocator("_ZnwmSt11align_val_t"));
	ck_assert(ckpt_crt_is_allocator("_ZdlPvm"));
	ck_assert(!ckpt_crt_is_allocator("mallopt"));
	ck_assert(!ckpt_crt_is_allocator("gsl_vector_alloc"));
}
END_TEST

START_TEST(traits_follow_what_a_function_depends_on)
{
	ck_assert_uint_eq(ckpt_crt_traits("libm.so.6", "sin", true),
			  CKPT_TRAIT_CPU);
	/* String functions give the same whatever the CPU. */
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "memcpy", true), 0);
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "strtod", false),
			  CKPT_TRAIT_LOCALE);
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "__snprintf_chk", false),
			  CKPT_TRAIT_LOCALE);
	ck_assert_uint_eq(
		ckpt_crt_traits("libc.so.6", "__isoc99_sscanf", false),
		CKPT_TRAIT_LOCALE);
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "pthread_create", false),
			  CKPT_TRAIT_THREADS);
	ck_assert_uint_eq(
		ckpt_crt_traits("libgomp.so.1", "GOMP_parallel", false),
		CKPT_TRAIT_THREADS);
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "environ", false),
			  CKPT_TRAIT_ENVIRONMENT);
	ck_assert_uint_eq(ckpt_crt_traits("libm.so.6", "fetestexcept", false) &
				  CKPT_TRAIT_FP_FLAGS,
			  CKPT_TRAIT_FP_FLAGS);
	ck_assert_uint_eq(ckpt_crt_traits("libc.so.6", "memset", false), 0);
}
END_TEST

START_TEST(variables_that_programs_set_are_state)
{
	ck_assert(ckpt_crt_is_state("optind"));
	ck_assert(ckpt_crt_is_state("program_invocation_short_name"));
	ck_assert(!ckpt_crt_is_state("stderr"));
	ck_assert(!ckpt_crt_is_state("environ"));
}
END_TEST

UNIT_MAIN("crt", libraries_are_known_by_soname_and_file,
	  allocators_are_the_c_and_cxx_ones,
	  traits_follow_what_a_function_depends_on,
	  variables_that_programs_set_are_state)
