/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_HEAP_H
#define CKPT_RUNTIME_HEAP_H

/*
 * Memory for what the session keeps, apart from the target's allocator: that
 * one may be the target's own, may not be up yet when we start, and may report
 * what we keep as leaks of the target (LeakSanitizer).
 *
 * Anonymous memory by our own system calls, in blocks of a power of two that
 * are used again. The one other file-scope state of the runtime: an allocator
 * belongs to nobody. Set-up world; the session's lock serialises.
 */

#include <stddef.h>

/* `count` × `size` zeroed bytes, aligned to 16; NULL if there are none. */
void *ckpt_heap_calloc(size_t count, size_t size)
	__attribute__((malloc, alloc_size(1, 2)));

/* As reallocarray(3); what is new is not zeroed. `old` may be NULL. */
void *ckpt_heap_resize(void *old, size_t count, size_t size)
	__attribute__((alloc_size(2, 3), warn_unused_result));

/* A copy of `text`. */
char *ckpt_heap_copy(const char *text) __attribute__((malloc));

void ckpt_heap_free(const void *block); /* NULL is fine */

/* For _cleanup_(): *block is a pointer to a block. */
static inline void ckpt_heap_cleanup(void *block)
{
	ckpt_heap_free(*(void **)block);
}

#endif
