/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_POLICY_H
#define CKPT_RUNTIME_POLICY_H

/*
 * Does caching a function pay? Compares what our look-ups and records cost
 * with what the calls themselves take, as measured on the first calls of a
 * process and on samples afterwards. A function for which we cost more than
 * any hit could save is left alone, and tried again now and then.
 *
 * The first decision comes after CKPT_POLICY_WINDOW calls, or earlier by what
 * was lost on look-ups alone, in CPU time and all taken to be as cheap as the
 * cheapest, since a busy machine makes some look dear: CKPT_POLICY_LOSS_NS in
 * CKPT_POLICY_TRIAL calls, or CKPT_POLICY_CLEAR_NS in fewer, if a look-up costs
 * many times the call. The rest is as long as it takes the calls themselves to
 * make the loss a small share of their own time, and longer after each further
 * loss.
 *
 * Hot path. One policy per function, shared by all threads without locks or
 * atomic read-modify-writes: a lost update moves a decision by a call or two.
 * Zero-initialise.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	CKPT_POLICY_WINDOW = 200,    /* measured calls before a decision */
	CKPT_POLICY_TRIAL = 20,	     /* measured calls of a later trial */
	CKPT_POLICY_SAMPLE = 64,     /* one in so many is measured afterwards */
	CKPT_POLICY_REST_MIN = 1000, /* calls left alone before a trial */
	CKPT_POLICY_REST_MAX = 1 << 24,
	CKPT_POLICY_REST_SHARE = 200, /* of their time may be lost: 1/200 */
	CKPT_POLICY_EACH_NS = 1000,   /* taken for any shorter call */
	CKPT_POLICY_LOSS_NS = 1000000,
	CKPT_POLICY_CLEAR_NS = 4000000,
	CKPT_POLICY_CLEAR = 4,		 /* times the worth: no doubt */
	CKPT_POLICY_OUTLIER = 8,	 /* times those before it */
	CKPT_POLICY_SLICE_NS = 20000000, /* of the CPU, for others */
};

struct ckpt_policy {
	uint32_t rest;	     /* calls still to leave alone */
	uint32_t unseen;     /* calls since the last measured one */
	uint32_t samples;    /* measured in this window */
	uint32_t window;     /* length of this window; 0 = CKPT_POLICY_WINDOW */
	uint32_t losses;     /* decisions against it, in a row */
	uint64_t cost_ns;    /* ours, in this window */
	uint64_t last_ns[2]; /* cost of the last two samples */
	uint32_t last_rest;  /* how long it was left alone last */
	uint64_t worth_ns;   /* the calls' own, in this window */
	uint64_t peak_ns;    /* the greatest of these */
	uint64_t lookup_ns;  /* the cheapest look-up of this window */
};

enum ckpt_policy_advice {
	CKPT_POLICY_LEAVE_ALONE,
	CKPT_POLICY_LOOK_UP,
	CKPT_POLICY_MEASURE, /* look up, and report to ckpt_policy_note() */
};

enum ckpt_policy_advice ckpt_policy_ask(struct ckpt_policy *policy);

/* After CKPT_POLICY_LEAVE_ALONE: the rest of the calls to leave alone, which
 * the caller promises not to ask for. */
uint32_t ckpt_policy_take_rest(struct ckpt_policy *policy);

/* One measured call (wall time, so a call during which the thread lost the CPU,
 * and the first, look dear: they count as a few ordinary ones; as does the one
 * call of a window that is worth most, up to CKPT_POLICY_SLICE_NS): our own
 * time, and the time the call takes or (on a hit) took when it was recorded, 0
 * where it can never be a hit. True at the moment the function is first found
 * not to pay: tell the user. */
bool ckpt_policy_note(struct ckpt_policy *policy, uint64_t lookup_ns,
		      uint64_t cost_ns, uint64_t worth_ns);

#endif
