/* SPDX-License-Identifier: MIT */
#include "shim/runtime/opening.h"

#include "shim/common/sys_x86_64.h"

#include <time.h>

/* Become the one that opens; false: another thread of this process does. A
 * forked child takes over from a thread it does not have. */
static bool claim_opening(struct ckpt_memo *memo)
{
	uint32_t self = (uint32_t)ckpt_sys_getpid();
	uint32_t opener = __atomic_load_n(&memo->opener, __ATOMIC_ACQUIRE);

	return opener != self &&
	       __atomic_compare_exchange_n(&memo->opener, &opener, self, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool is_settled(const struct ckpt_memo *memo)
{
	return __atomic_load_n(&memo->store, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&memo->is_closed, __ATOMIC_ACQUIRE);
}

static uint64_t now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Opening takes half a millisecond, on a busy machine a hundred times that;
 * threads that start together should not lose their first calls over it.
 * Bounded: the opener may be stopped. Where keys are computed once, calls may
 * wait for each other anyway. */
static void await_opening(const struct ckpt_memo *memo,
			  const struct ckpt_plan_function *function)
{
	enum { WAIT_MS = 500, PAUSE_MIN_NS = 100000, PAUSE_MAX_NS = 5000000 };
	struct timespec pause = {.tv_nsec = PAUSE_MIN_NS};
	uint64_t wait_ms = function->once ? function->once_wait_ms : WAIT_MS;
	uint64_t until_ns = now_ns() + wait_ms * 1000000;

	while (!is_settled(memo) && now_ns() < until_ns) {
		(void)ckpt_sys_nanosleep(&pause);
		/* Many that look often would keep the opener from its work. */
		if (pause.tv_nsec < PAUSE_MAX_NS)
			pause.tv_nsec *= 2;
	}
}

static __attribute__((noinline)) void
open_once(struct ckpt_memo *memo, const struct ckpt_plan_function *function)
{
	if (!claim_opening(memo))
		await_opening(memo, function);
	else if (!memo->open(memo))
		__atomic_store_n(&memo->is_closed, true, __ATOMIC_RELEASE);
}

struct ckpt_store *ckpt_opening_store(struct ckpt_memo *memo,
				      const struct ckpt_plan_function *function)
{
	if (!is_settled(memo))
		open_once(memo, function);
	return __atomic_load_n(&memo->store, __ATOMIC_ACQUIRE);
}
