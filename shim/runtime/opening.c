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

/* Opening takes half a millisecond; threads that start together should not
 * lose their first calls over it. Bounded: the opener may be stopped. */
static void await_opening(const struct ckpt_memo *memo)
{
	static const struct timespec pause = {.tv_nsec = 100000};
	enum { PAUSES_MAX = 500 };

	for (int i = 0; i < PAUSES_MAX && !is_settled(memo); i++)
		(void)ckpt_sys_nanosleep(&pause);
}

static __attribute__((noinline)) void open_once(struct ckpt_memo *memo)
{
	if (!claim_opening(memo))
		await_opening(memo);
	else if (!memo->open(memo))
		__atomic_store_n(&memo->is_closed, true, __ATOMIC_RELEASE);
}

struct ckpt_store *ckpt_opening_store(struct ckpt_memo *memo)
{
	if (!is_settled(memo))
		open_once(memo);
	return __atomic_load_n(&memo->store, __ATOMIC_ACQUIRE);
}
