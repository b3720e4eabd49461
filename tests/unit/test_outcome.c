/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/fpstate_x86_64.h"
#include "shim/runtime/outcome.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <fenv.h>

static struct ckpt_moment moment(int error, uint32_t flags)
{
	struct ckpt_moment m = {.error = error, .fp_flags = flags};

	return m;
}

static struct ckpt_payload_header run(int before, int after,
				      const struct ckpt_payload_header *known)
{
	struct ckpt_payload_header header = {0};
	struct ckpt_moment b = moment(before, 0);
	struct ckpt_moment a = moment(after, 0);

	ckpt_outcome_conclude(&b, &a, false, known, &header);
	return header;
}

static bool serves(const struct ckpt_payload_header *header, int error)
{
	struct ckpt_moment now = moment(error, 0);

	return ckpt_outcome_can_serve(header, &now);
}

static int errno_left_for(const struct ckpt_payload_header *header, int error)
{
	struct ckpt_moment now = moment(error, 0);

	errno = error;
	ckpt_outcome_apply(header, &now);
	return errno;
}

START_TEST(changed_errno_is_set_for_every_caller)
{
	struct ckpt_payload_header header = run(0, ERANGE, NULL);

	ck_assert(serves(&header, 0));
	ck_assert(serves(&header, EINTR));
	ck_assert_int_eq(errno_left_for(&header, EINTR), ERANGE);
}
END_TEST

START_TEST(equal_errno_serves_only_a_caller_with_that_errno)
{
	struct ckpt_payload_header header = run(EINTR, EINTR, NULL);

	ck_assert(serves(&header, EINTR));
	ck_assert(!serves(&header, 0));
}
END_TEST

START_TEST(code_that_keeps_errno_serves_every_caller_at_once)
{
	struct ckpt_payload_header header = {0};
	struct ckpt_moment same = moment(EINTR, 0);

	ckpt_outcome_conclude(&same, &same, true, NULL, &header);
	ck_assert(serves(&header, 0));
	ck_assert_int_eq(errno_left_for(&header, ENOENT), ENOENT);
}
END_TEST

START_TEST(second_run_settles_that_errno_is_not_touched)
{
	struct ckpt_payload_header first = run(EINTR, EINTR, NULL);
	struct ckpt_payload_header second = run(0, 0, &first);

	ck_assert(serves(&second, ENOENT));
	ck_assert_int_eq(errno_left_for(&second, ENOENT), ENOENT);
}
END_TEST

START_TEST(second_run_settles_that_errno_is_set_to_the_same)
{
	struct ckpt_payload_header first = run(0, 0, NULL);
	struct ckpt_payload_header second = run(EINTR, 0, &first);

	ck_assert(serves(&second, ENOENT));
	ck_assert_int_eq(errno_left_for(&second, ENOENT), 0);
}
END_TEST

START_TEST(flag_set_before_is_unknown_to_a_caller_who_has_it_clear)
{
	struct ckpt_payload_header header = {0};
	struct ckpt_moment before = moment(0, FE_INEXACT);
	struct ckpt_moment after = moment(0, FE_INEXACT | FE_OVERFLOW);
	struct ckpt_moment clear = moment(0, 0);

	ckpt_outcome_conclude(&before, &after, false, NULL, &header);
	ck_assert(!ckpt_outcome_can_serve(&header, &clear));
	ck_assert(ckpt_outcome_can_serve(&header, &before));
}
END_TEST

START_TEST(second_run_settles_flags_that_either_found_clear)
{
	struct ckpt_payload_header first = {0}, second = {0};
	struct ckpt_moment before1 = moment(0, FE_INEXACT);
	struct ckpt_moment after1 = moment(0, FE_INEXACT | FE_OVERFLOW);
	struct ckpt_moment with_overflow = moment(0, FE_OVERFLOW);
	struct ckpt_moment clear = moment(0, 0);

	ckpt_outcome_conclude(&before1, &after1, false, NULL, &first);
	ckpt_outcome_conclude(&with_overflow, &with_overflow, false, &first,
			      &second);
	ck_assert(ckpt_outcome_can_serve(&second, &clear));
	ck_assert_uint_eq(second.fp_raised, FE_OVERFLOW);
}
END_TEST

START_TEST(raised_flags_are_seen_by_the_c_library)
{
	struct ckpt_payload_header header = {0};
	struct ckpt_moment now;
	uint32_t flags = FE_DIVBYZERO | FE_INEXACT << CKPT_FP_X87_SHIFT;

	ck_assert_int_eq(feclearexcept(FE_ALL_EXCEPT), 0);
	header.errno_effect = CKPT_ERRNO_UNTOUCHED;
	header.fp_raised = flags;
	now = ckpt_outcome_now();
	ckpt_outcome_apply(&header, &now);
	ck_assert_int_eq(fetestexcept(FE_ALL_EXCEPT),
			 FE_DIVBYZERO | FE_INEXACT);
	ck_assert_uint_eq(ckpt_fpstate_flags(), flags);
	ck_assert_int_eq(feclearexcept(FE_ALL_EXCEPT), 0);
}
END_TEST

START_TEST(control_word_follows_the_rounding_mode)
{
	uint32_t nearest = ckpt_fpstate_control();

	ck_assert_int_eq(fesetround(FE_UPWARD), 0);
	ck_assert_uint_ne(ckpt_fpstate_control(), nearest);
	ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
	ck_assert_uint_eq(ckpt_fpstate_control(), nearest);
}
END_TEST

UNIT_MAIN("outcome", changed_errno_is_set_for_every_caller,
	  equal_errno_serves_only_a_caller_with_that_errno,
	  code_that_keeps_errno_serves_every_caller_at_once,
	  second_run_settles_that_errno_is_not_touched,
	  second_run_settles_that_errno_is_set_to_the_same,
	  flag_set_before_is_unknown_to_a_caller_who_has_it_clear,
	  second_run_settles_flags_that_either_found_clear,
	  raised_flags_are_seen_by_the_c_library,
	  control_word_follows_the_rounding_mode)
