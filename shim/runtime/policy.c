/* SPDX-License-Identifier: MIT */
#include "shim/runtime/policy.h"

static uint32_t window_of(const struct ckpt_policy *policy)
{
	return policy->window ? policy->window : CKPT_POLICY_WINDOW;
}

/* The first window is measured whole, as is a trial after a loss; a function
 * that has proved itself is only sampled. */
static bool is_measured(struct ckpt_policy *policy)
{
	if (!policy->window || policy->losses)
		return true;
	if (++policy->unseen < CKPT_POLICY_SAMPLE)
		return false;
	policy->unseen = 0;
	return true;
}

enum ckpt_policy_advice ckpt_policy_ask(struct ckpt_policy *policy)
{
	uint32_t rest = policy->rest;

	if (rest) {
		policy->rest = rest - 1;
		return CKPT_POLICY_LEAVE_ALONE;
	}
	return is_measured(policy) ? CKPT_POLICY_MEASURE : CKPT_POLICY_LOOK_UP;
}

uint32_t ckpt_policy_take_rest(struct ckpt_policy *policy)
{
	uint32_t rest = policy->rest;

	policy->rest = 0;
	return rest;
}

static void start_window(struct ckpt_policy *policy, uint32_t length)
{
	policy->window = length;
	policy->samples = 0;
	policy->cost_ns = 0;
	policy->worth_ns = 0;
}

static uint32_t rest_after(uint32_t losses)
{
	uint32_t doublings = losses < 11 ? losses - 1 : 11;
	uint32_t rest = (uint32_t)CKPT_POLICY_REST_MIN << doublings;

	return rest < CKPT_POLICY_REST_MAX ? rest : CKPT_POLICY_REST_MAX;
}

/* What looks like a loss only because the thread was not running. */
static uint64_t ordinary_cost(struct ckpt_policy *policy, uint64_t cost_ns,
			      uint64_t worth_ns)
{
	uint64_t most;

	if (!policy->least_ns || cost_ns < policy->least_ns)
		policy->least_ns = cost_ns;
	most = policy->least_ns * CKPT_POLICY_OUTLIER;
	return cost_ns > worth_ns && cost_ns > most ? most : cost_ns;
}

bool ckpt_policy_note(struct ckpt_policy *policy, uint64_t cost_ns,
		      uint64_t worth_ns)
{
	bool is_first = false;

	policy->cost_ns += ordinary_cost(policy, cost_ns, worth_ns);
	policy->worth_ns += worth_ns;
	if (++policy->samples < window_of(policy))
		return false;
	if (policy->cost_ns <= policy->worth_ns) {
		policy->losses = 0;
		start_window(policy, CKPT_POLICY_WINDOW);
		return false;
	}
	is_first = policy->losses++ == 0;
	policy->rest = rest_after(policy->losses);
	start_window(policy, CKPT_POLICY_TRIAL);
	return is_first;
}
