/* SPDX-License-Identifier: MIT */
#include "shim/runtime/cost.h"

#include "shim/runtime/thread.h"

#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t ckpt_cost_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void ckpt_cost_begin(struct ckpt_cost *cost, bool is_sample, bool is_nested)
{
	cost->is_sample = is_sample;
	cost->entered_ns = is_sample || is_nested ? ckpt_cost_now() : 0;
	cost->lookup_ns = is_sample ? read_clock(CLOCK_THREAD_CPUTIME_ID) : 0;
}

void ckpt_cost_leave_out(struct ckpt_cost *cost, uint64_t since_ns)
{
	if (cost->entered_ns)
		cost->entered_ns += ckpt_cost_now() - since_ns;
}

void ckpt_cost_decide(struct ckpt_cost *cost)
{
	if (cost->is_sample)
		cost->lookup_ns =
			read_clock(CLOCK_THREAD_CPUTIME_ID) - cost->lookup_ns;
}

void ckpt_cost_run(struct ckpt_cost *cost)
{
	cost->spent_ns = ckpt_thread_self()->spent_ns;
	cost->started_ns = ckpt_cost_now();
}

uint64_t ckpt_cost_returned(struct ckpt_cost *cost, uint64_t end_ns)
{
	uint64_t inside = ckpt_thread_self()->spent_ns - cost->spent_ns;
	uint64_t ran = end_ns - cost->started_ns;

	if (cost->entered_ns)
		cost->entered_ns += ran;
	return ran > inside ? ran - inside : 0;
}

uint64_t ckpt_cost_total(const struct ckpt_cost *cost)
{
	uint64_t total;

	if (!cost->entered_ns)
		return 0;
	total = ckpt_cost_now() - cost->entered_ns;
	ckpt_thread_self()->spent_ns += total;
	return total;
}
