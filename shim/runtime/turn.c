/* SPDX-License-Identifier: MIT */
#include "shim/runtime/turn.h"

#include "shim/common/sys_x86_64.h"

#include <time.h>

enum { LOOK_MS = 10, NS_PER_MS = 1000000 };

static uint64_t now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

enum ckpt_turn ckpt_turn_take(const struct ckpt_store *store,
			      struct ckpt_thread *thread, uintptr_t frame,
			      const struct ckpt_plan_function *function,
			      struct ckpt_hash128 key, uint64_t *until_ns)
{
	bool is_private = function->once == CKPT_PLAN_ONCE_THREADS;
	uint64_t now = now_ns();

	if (!*until_ns)
		*until_ns = now + function->once_wait_ms * NS_PER_MS;
	if (thread->once_frame || now >= *until_ns)
		return CKPT_TURN_COMPUTE;
	switch (ckpt_store_once(store, key, is_private, &thread->once)) {
	case CKPT_ONCE_MINE:
		thread->once_frame = frame;
		return CKPT_TURN_LAST;
	case CKPT_ONCE_OTHERS:
		(void)ckpt_sys_poll(NULL, 0, LOOK_MS);
		return CKPT_TURN_LOOK;
	default:
		return CKPT_TURN_COMPUTE;
	}
}
