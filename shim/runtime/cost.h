/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_COST_H
#define CKPT_RUNTIME_COST_H

/*
 * What one call costs us, and how long it takes itself: our own time in calls
 * inside it is not its own. In order: begin, decide, and where the original
 * runs: run, returned; then total.
 *
 * Hot path. Clocks are read only where somebody asks: for samples (policy.h),
 * and for calls inside others.
 */

#include <stdbool.h>
#include <stdint.h>

struct ckpt_cost {
	uint64_t entered_ns; /* wall time; 0: nothing is measured */
	uint64_t started_ns; /* of the original */
	uint64_t spent_ns;   /* of the thread (thread.h), at that moment */
	uint64_t lookup_ns;  /* of a sample: CPU time of the look-up */
	bool is_sample;
};

/* Wall time, from no particular moment on. */
uint64_t ckpt_cost_now(void);

void ckpt_cost_begin(struct ckpt_cost *cost, bool is_sample, bool is_nested);
/* What went on since `since_ns` is no cost: waiting that was asked for. */
void ckpt_cost_leave_out(struct ckpt_cost *cost, uint64_t since_ns);
/* The look-up is over. */
void ckpt_cost_decide(struct ckpt_cost *cost);
/* The original runs from here on. */
void ckpt_cost_run(struct ckpt_cost *cost);
/* It returned at `end_ns`: its own time. */
uint64_t ckpt_cost_returned(struct ckpt_cost *cost, uint64_t end_ns);
/* All we spent on the call, noted for the calls around it. */
uint64_t ckpt_cost_total(const struct ckpt_cost *cost);

#endif
