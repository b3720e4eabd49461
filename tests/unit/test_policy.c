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
		if (ckpt_policy_note(policy, cost, worth))
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
		ck_assert(!ckpt_policy_note(&policy, 900, 600));
	second = calls_left_alone(&policy);
	ck_assert_int_eq(first, 10000);
	ck_assert_int_eq(second, 20000);
}
END_TEST

START_TEST(call_that_lost_the_cpu_decides_nothing)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 199; i++)
		ck_assert(!ckpt_policy_note(&policy, 300, 4800));
	ck_assert(!ckpt_policy_note(&policy, 4000000, 4800));
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
}
END_TEST

START_TEST(rest_stays_bounded)
{
	struct ckpt_policy policy = {0};

	for (int i = 0; i < 40000; i++) {
		policy.rest = 0;
		(void)ckpt_policy_note(&policy, 900, 600);
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
		(void)ckpt_policy_note(&policy, 100, 600);
	ck_assert_int_ne(ckpt_policy_ask(&policy), CKPT_POLICY_LEAVE_ALONE);
	ck_assert_uint_eq(policy.losses, 0);
}
END_TEST

UNIT_MAIN("policy", function_that_costs_more_than_it_takes_is_left_alone,
	  no_decision_before_two_hundred_calls,
	  function_that_pays_is_only_sampled_afterwards,
	  each_failed_trial_doubles_the_rest,
	  call_that_lost_the_cpu_decides_nothing, rest_stays_bounded,
	  successful_trial_brings_the_function_back)
