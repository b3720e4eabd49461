/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_POOL_H
#define CKPT_PLANNER_POOL_H

/*
 * Memory that is released all at once: what an analysis hands out together.
 * Zeroed, aligned to 16. Zero-initialise a pool; deinit frees. Set-up world.
 */

#include "shim/common/status.h"

#include <stddef.h>

struct ckpt_pool {
	struct ckpt_pool_chunk *chunks;
	char *next;
	size_t left;
};

void ckpt_pool_deinit(struct ckpt_pool *pool);

/* NULL if memory is short; `count` × `size` may not overflow. */
void *ckpt_pool_alloc(struct ckpt_pool *pool, size_t count, size_t size);
char *ckpt_pool_format(struct ckpt_pool *pool, const char *format, ...)
	CKPT_PRINTF(2, 3);

#endif
