/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_TURN_H
#define CKPT_RUNTIME_TURN_H

/*
 * Whose turn it is to compute a key that several callers miss at once
 * (`once`, shim/store/once.h): the first one's; the others look every 10 ms
 * whether its result is there, and compute for themselves when `once_wait` is
 * over. A thread that owns a key never waits for another: the other one's
 * owner may be waiting for that.
 *
 * The one place where a call may wait, by the user's wish. Hot path otherwise;
 * no lock of the process is held.
 */

#include "shim/plan.h"
#include "shim/runtime/thread.h"
#include "shim/store/store.h"

enum ckpt_turn {
	CKPT_TURN_COMPUTE, /* at once */
	CKPT_TURN_LAST,	   /* ours: look once more, then compute */
	CKPT_TURN_LOOK,	   /* another's: look, then ask again */
};

/* The key of the call in `frame`, which was not found. `until_ns` is 0 at
 * first and is kept by the caller. */
enum ckpt_turn ckpt_turn_take(const struct ckpt_store *store,
			      struct ckpt_thread *thread, uintptr_t frame,
			      const struct ckpt_plan_function *function,
			      struct ckpt_hash128 key, uint64_t *until_ns);

#endif
