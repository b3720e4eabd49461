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
	policy->peak_ns = 0;
	policy->lookup_ns = 0;
}

/* So many calls of their own worth that the loss is a small share of them;
 * where all were refused, the next may be of another kind. */
static uint32_t rest_after(const struct ckpt_policy *policy, uint64_t loss_ns,
			   uint64_t each_ns)
{
	uint64_t each =
		each_ns > CKPT_POLICY_EACH_NS ? each_ns : CKPT_POLICY_EACH_NS;
	uint64_t longer = 2 * (uint64_t)policy->last_rest;
	uint64_t rest = 0;

	if (each_ns)
		rest = loss_ns / each * CKPT_POLICY_REST_SHARE +
		       loss_ns % each * CKPT_POLICY_REST_SHARE / each;
	rest = rest > longer ? rest : longer;
	rest = rest > CKPT_POLICY_REST_MIN ? rest : CKPT_POLICY_REST_MIN;
	return rest < CKPT_POLICY_REST_MAX ? (uint32_t)rest
					   : CKPT_POLICY_REST_MAX;
}

static uint64_t at_most(uint64_t cost_ns, uint64_t ordinary_ns)
{
	uint64_t most = ordinary_ns * CKPT_POLICY_OUTLIER;

	return cost_ns > most ? most : cost_ns;
}

/* What looks like a loss only because the thread was not running, or because
 * the first call of all finds nothing prepared. */
static void add_cost(struct ckpt_policy *policy, uint64_t cost_ns,
		     uint64_t worth_ns)
{
	uint64_t *last = policy->last_ns;
	uint64_t ordinary = last[0] > last[1] ? last[0] : last[1];
	bool is_loss = cost_ns > worth_ns;

	if (policy->samples == 1 && policy->cost_ns > policy->worth_ns)
		policy->cost_ns = at_most(policy->cost_ns, cost_ns);
	policy->cost_ns +=
		is_loss && ordinary ? at_most(cost_ns, ordinary) : cost_ns;
	policy->worth_ns += worth_ns;
	if (worth_ns > policy->peak_ns)
		policy->peak_ns = worth_ns;
	policy->samples++;
	last[1] = last[0];
	last[0] = cost_ns;
}

/* One call of many that seems to be worth much was perhaps only interrupted,
 * and its record says so for ever: it counts as the others do. */
static uint64_t believed_worth(const struct ckpt_policy *policy,
			       uint32_t samples)
{
	uint64_t rest = policy->worth_ns - policy->peak_ns;

	if (samples < 2 || policy->peak_ns >= CKPT_POLICY_SLICE_NS)
		return policy->worth_ns;
	return rest + rest / (samples - 1);
}

/* One call alone decides nothing, unless it is the trial of a function that
 * has lost before. */
static bool is_clear(const struct ckpt_policy *policy, uint32_t samples,
		     uint64_t worth_ns)
{
	uint32_t least = policy->losses ? 1 : 2;
	uint64_t cost_ns = samples * policy->lookup_ns;

	if (samples >= CKPT_POLICY_TRIAL)
		return cost_ns > worth_ns + CKPT_POLICY_LOSS_NS;
	return samples >= least && cost_ns > worth_ns + CKPT_POLICY_CLEAR_NS &&
	       cost_ns / CKPT_POLICY_CLEAR > worth_ns;
}

/* The window ends: lost, or not? */
static bool decide(struct ckpt_policy *policy, uint32_t samples,
		   uint64_t cost_ns, uint64_t worth_ns)
{
	if (cost_ns <= worth_ns) {
		policy->losses = 0;
		policy->last_rest = 0;
		start_window(policy, CKPT_POLICY_WINDOW);
		return false;
	}
	policy->last_rest =
		rest_after(policy, cost_ns - worth_ns, worth_ns / samples);
	policy->rest = policy->last_rest;
	start_window(policy, CKPT_POLICY_TRIAL);
	return policy->losses++ == 0;
}

bool ckpt_policy_note(struct ckpt_policy *policy, uint64_t lookup_ns,
		      uint64_t cost_ns, uint64_t worth_ns)
{
	uint32_t samples;

	if (!policy->samples || lookup_ns < policy->lookup_ns)
		policy->lookup_ns = lookup_ns;
	add_cost(policy, cost_ns, worth_ns);
	/* Once: another thread may start the next window meanwhile. */
	samples = policy->samples;
	cost_ns = policy->cost_ns;
	if (!samples)
		return false;
	worth_ns = believed_worth(policy, samples);
	if (samples < window_of(policy) && !is_clear(policy, samples, worth_ns))
		return false;
	return decide(policy, samples, cost_ns, worth_ns);
}
