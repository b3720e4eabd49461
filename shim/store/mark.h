/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_MARK_H
#define CKPT_STORE_MARK_H

/*
 * The mark of a slot (index.h), one byte: whether the entry was used since
 * eviction last looked at it, and about how often it was used at all.
 *
 *     bit 7      used since last looked at
 *     bits 0-6   count: up to 32 exact, then four steps for each doubling
 *
 * A step above 32 is taken by chance, as rarely as it stands for many hits
 * (R. Morris, Counting large numbers of events in small registers, 1978): on
 * average the count is right, a single one is off by about a quarter. So an
 * entry that is hit all the time is hardly ever written to, and the line of its
 * bucket stays shared between processors. Racing hits lose one of their counts.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	CKPT_MARK_USED = 0x80,
	CKPT_MARK_STEPS = 0x7f,
	CKPT_MARK_EXACT = 32,
};

/* Does a hit take the step from `steps` (at least 32), given a number that is
 * any of 2^28? */
static inline bool ckpt_mark_is_step(unsigned steps, uint32_t random)
{
	unsigned doublings = (steps - CKPT_MARK_EXACT) / 4;
	uint32_t mixed = (random * 0x9e3779b1U) << 4;

	return steps < CKPT_MARK_STEPS &&
	       (!doublings || !(mixed >> (32 - doublings)));
}

/* The rest of ckpt_mark_hit(). */
void ckpt_mark_step(uint8_t *mark, uint32_t random);

/* A hit. *dice is any number of the calling thread. Of an entry with many hits,
 * 15 of 16 end with the first comparisons. */
static inline void ckpt_mark_hit(uint8_t *mark, uint32_t *dice)
{
	uint8_t old = __atomic_load_n(mark, __ATOMIC_RELAXED);

	/* Its high bits are good (Numerical Recipes, 7.1). */
	*dice = *dice * 1664525 + 1013904223;
	if (old >= (CKPT_MARK_USED | CKPT_MARK_EXACT) && *dice >> 28)
		return;
	ckpt_mark_step(mark, *dice & 0xfffffff);
}

static inline bool ckpt_mark_is_used(const uint8_t *mark)
{
	return __atomic_load_n(mark, __ATOMIC_RELAXED) & CKPT_MARK_USED;
}

/* Eviction has looked: what is not used until next time can go. */
static inline void ckpt_mark_clear(uint8_t *mark)
{
	__atomic_store_n(
		mark, __atomic_load_n(mark, __ATOMIC_RELAXED) & CKPT_MARK_STEPS,
		__ATOMIC_RELAXED);
}

/* How many hits it stands for. */
static inline uint64_t ckpt_mark_count(uint8_t mark)
{
	uint64_t steps = mark & CKPT_MARK_STEPS, above, doublings;

	if (steps <= CKPT_MARK_EXACT)
		return steps;
	above = steps - CKPT_MARK_EXACT;
	doublings = above / 4;
	/* Four steps each of 16, 32, 64 … hits, and those of the last size. */
	return CKPT_MARK_EXACT + 64 * (((uint64_t)1 << doublings) - 1) +
	       (above % 4 << (doublings + 4));
}

#endif
