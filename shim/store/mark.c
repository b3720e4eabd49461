/* SPDX-License-Identifier: MIT */
#include "shim/store/mark.h"

void ckpt_mark_step(uint8_t *mark, uint32_t random)
{
	uint8_t old = __atomic_load_n(mark, __ATOMIC_RELAXED);
	unsigned steps = old & CKPT_MARK_STEPS;

	if (steps < CKPT_MARK_EXACT || ckpt_mark_is_step(steps, random))
		steps++;
	steps |= CKPT_MARK_USED;
	if (steps != old)
		__atomic_store_n(mark, (uint8_t)steps, __ATOMIC_RELAXED);
}
