/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_SIZE = 1 << 16, ALIGNMENT = 16 };

struct ckpt_pool_chunk {
	struct ckpt_pool_chunk *next;
	char data[] __attribute__((aligned(ALIGNMENT)));
};

void ckpt_pool_deinit(struct ckpt_pool *pool)
{
	while (pool->chunks) {
		struct ckpt_pool_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		free(chunk);
	}
	*pool = (struct ckpt_pool){0};
}

static char *add_chunk(struct ckpt_pool *pool, size_t size)
{
	struct ckpt_pool_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	return chunk->data;
}

void *ckpt_pool_alloc(struct ckpt_pool *pool, size_t count, size_t size)
{
	size_t bytes;
	char *start;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (bytes > CHUNK_SIZE / 4)
		return add_chunk(pool, bytes);
	if (bytes > pool->left) {
		start = add_chunk(pool, CHUNK_SIZE);
		if (!start)
			return NULL;
		pool->next = start;
		pool->left = CHUNK_SIZE;
	}
	start = pool->next;
	pool->next += bytes;
	pool->left -= bytes;
	return start;
}

char *ckpt_pool_format(struct ckpt_pool *pool, const char *format, ...)
{
	va_list args, again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = size < 0 ? NULL : ckpt_pool_alloc(pool, (size_t)size + 1, 1);
	if (text)
		(void)vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return text;
}
