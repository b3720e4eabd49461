/* SPDX-License-Identifier: MIT */
#include "shim/runtime/policy.h"
#include "tests/unit/unit.h"

/* Measured calls that cost `cost` and are worth `worth` until the policy has
 * something to tell or `limit` calls were made; the number made. */
static int measure(struct ckpt_policy *policy, int limit, uint64_t cost,
		   uint64_t worth)
{
	for (int i = 1; i <= limit; i++) {
		if (ckpt_policy_ask(policy) != CKPT_POLICY_MEASURE)
			continue;
		if (ckpt_policy_note(policy, cost, cost, worth))
			return i;
	}
	return limit;
}

static int calls_left_alone(struct ckpt_policy *policy)
{
	int count = 0;

	while (ckpt_policy_ask(policy) == CKPT_POLICY_LEAVE_ALONE)
		count++;
	return count;
}

START_TEST(function_that_costs_more_than_it_takes_is_left_alone)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 900, 600), 200);
	ck_assert_int_eq(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(no_decision_before_two_hundred_calls)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 199, 900, 600), 199);
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(function_that_pays_is_only_sampled_afterwards)
{
	struct ckpt_policy policy = {0};
	int measured = 0;

	measure(&policy, 200, 50, 600);
	for (int i = 0; i < 6400; i++)
		measured += ckpt_policy_ask(&policy) == CKPT_POLICY_MEASURE;
	ck_assert_int_eq(measured, 100);
}
END_TEST

START_TEST(each_failed_trial_doubles_the_rest)
{
	struct ckpt_policy policy = {0};
	int first = 0, second = 0;

	measure(&policy, 200, 900, 600);
	first = calls_left_alone(&policy);
	for (int i = 0; i < 20; i++)
		ck_assert(!ckpt_policy_note(&policy, 900, 900, 600));
	second = calls_left_alone(&policy);
	ck_assert_int_ge(first, 1000);
	ck_assert_int_eq(second, 2 * first);
}
END_TEST

/* A model of megabytes to hash for microseconds of work. */
START_TEST(look_up_of_many_times_the_call_is_given_up_at_once)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 6000000, 75000), 2);
	ck_assert_int_eq(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(one_call_is_trial_enough_where_it_was_clear)
{
	struct ckpt_policy policy = {0};

	measure(&policy, 1000, 6000000, 75000);
	(void)calls_left_alone(&policy);
	ck_assert(!ckpt_policy_note(&policy, 6000000, 6000000, 75000));
	ck_assert_int_eq(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(large_loss_needs_fewer_calls_to_be_believed)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 150000, 50000), 20);
}
END_TEST

/* A busy disk while the first results are written is no proof. */
START_TEST(writing_results_alone_decides_only_with_the_window)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 199; i++)
		ck_assert(!ckpt_policy_note(&policy, 900, 2000000, 100));
	ck_assert(ckpt_policy_note(&policy, 900, 2000000, 100));
}
END_TEST

/* Nor are many threads on few processors. */
START_TEST(one_cheap_look_up_among_dear_ones_keeps_the_decision_open)
{
	struct ckpt_policy policy = {0};

	ck_assert(!ckpt_policy_note(&policy, 4000, 4000, 100));
	for (int i = 0; i < 100; i++)
		ck_assert(!ckpt_policy_note(&policy, 900000, 900000, 100));
}
END_TEST

START_TEST(small_loss_is_watched_for_the_whole_window)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 5000, 50), 200);
}
END_TEST

/* 3 ms lost in calls of 100 us: half a percent of 6000 such calls. */
START_TEST(rest_makes_the_loss_half_a_percent)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 250000, 100000), 20);
	ck_assert_int_eq(calls_left_alone(&policy), 6000);
}
END_TEST

/* Files to hash, libraries to look through: once in a process. */
START_TEST(dear_first_call_decides_nothing)
{
	struct ckpt_policy policy = {0};

	ck_assert(!ckpt_policy_note(&policy, 50000000, 50000000, 3000));
	for (int i = 0; i < 198; i++)
		ck_assert(!ckpt_policy_note(&policy, 400, 400, 3000));
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(refused_calls_are_a_loss_for_a_while)
{
	struct ckpt_policy policy = {0};

	ck_assert_int_eq(measure(&policy, 1000, 3000000, 0), 2);
	ck_assert_uint_eq(policy.rest, 1000);
}
END_TEST

/* Its record says 8 ms, for ever. */
START_TEST(call_that_was_interrupted_when_recorded_proves_no_gain)
{
	struct ckpt_policy policy = {0};

	ck_assert(!ckpt_policy_note(&policy, 4000, 4000, 8000000));
	ck_assert_int_eq(measure(&policy, 1000, 4000, 600), 199);
}
END_TEST

START_TEST(dear_calls_that_are_worth_it_hide_no_loss_and_no_gain)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 99; i++) {
		ck_assert(!ckpt_policy_note(&policy, 2000000, 2000000,
					    900000000));
		ck_assert(!ckpt_policy_note(&policy, 900, 900, 300));
	}
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(call_that_lost_the_cpu_decides_nothing)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 199; i++)
		ck_assert(!ckpt_policy_note(&policy, 300, 300, 4800));
	ck_assert(!ckpt_policy_note(&policy, 4000000, 4000000, 4800));
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(rest_stays_bounded)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 40000; i++) {
		policy.rest = 0;
		(void)ckpt_policy_note(&policy, 900, 900, 600);
	}
	ck_assert_uint_le(policy.rest, 1u << 24);
}
END_TEST

START_TEST(successful_trial_brings_the_function_back)
{
	struct ckpt_policy policy = {0};

	measure(&policy, 200, 900, 600);
	(void)calls_left_alone(&policy);
	for (int i = 0; i < 20; i++)
		(void)ckpt_policy_note(&policy, 100, 100, 600);
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
	ck_assert_uint_eq(policy.losses, 0);
}
END_TEST

UNIT_MAIN("policy", function_that_costs_more_than_it_takes_is_left_alone,
	  no_decision_before_two_hundred_calls,
	  function_that_pays_is_only_sampled_afterwards,
	  each_failed_trial_doubles_the_rest,
	  look_up_of_many_times_the_call_is_given_up_at_once,
	  one_call_is_trial_enough_where_it_was_clear,
	  large_loss_needs_fewer_calls_to_be_believed,
	  writing_results_alone_decides_only_with_the_window,
	  one_cheap_look_up_among_dear_ones_keeps_the_decision_open,
	  small_loss_is_watched_for_the_whole_window,
	  rest_makes_the_loss_half_a_percent, dear_first_call_decides_nothing,
	  refused_calls_are_a_loss_for_a_while,
	  call_that_was_interrupted_when_recorded_proves_no_gain,
	  dear_calls_that_are_worth_it_hide_no_loss_and_no_gain,
	  call_that_lost_the_cpu_decides_nothing, rest_stays_bounded,
	  successful_trial_brings_the_function_back)
