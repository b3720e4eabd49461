/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ARENA_H
#define CKPT_RUNTIME_ARENA_H

/*
 * One growing block of anonymous memory, for tables and records too large for
 * the frame. Uses mmap and mremap by our own system calls, never the target's
 * allocator. Growing may move the block. Zero-initialise.
 *
 * Hot path (a system call each time it doubles); errno is kept.
 */

#include "shim/common/status.h"

#include <stddef.h>
#include <stdint.h>

struct ckpt_arena {
	uint8_t *data;
	size_t size;	 /* bytes in use */
	size_t capacity; /* bytes mapped */
};

void ckpt_arena_deinit(struct ckpt_arena *arena);
/* Make `size` more bytes available at *ret (an offset is stable, a pointer
 * only until the next growth) and count them as used. */
enum ckpt_status ckpt_arena_add(struct ckpt_arena *arena, size_t size,
				void **ret) CKPT_MUST_CHECK;

#endif
