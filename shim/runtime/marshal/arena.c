/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/arena.h"

#include "shim/common/sys_x86_64.h"

enum { ARENA_FIRST_SIZE = 64 * 1024 };

void ckpt_arena_deinit(struct ckpt_arena *arena)
{
	if (arena->data)
		(void)ckpt_sys_munmap(arena->data, arena->capacity);
	*arena = (struct ckpt_arena){0};
}

static enum ckpt_status grow_arena(struct ckpt_arena *arena, size_t capacity)
{
	void *data;

	if (arena->data)
		data = ckpt_sys_mremap(arena->data, arena->capacity, capacity,
				       MREMAP_MAYMOVE);
	else
		data = ckpt_sys_mmap(NULL, capacity, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(data))
		return CKPT_NOMEM;
	arena->data = data;
	arena->capacity = capacity;
	return CKPT_OK;
}

enum ckpt_status ckpt_arena_add(struct ckpt_arena *arena, size_t size,
				void **ret)
{
	size_t capacity = arena->capacity ? arena->capacity : ARENA_FIRST_SIZE;
	enum ckpt_status status;

	if (size > SIZE_MAX / 4 - arena->size)
		return CKPT_NOMEM;
	while (capacity - arena->size < size)
		capacity *= 2;
	if (capacity != arena->capacity) {
		status = grow_arena(arena, capacity);
		if (status)
			return status;
	}
	*ret = arena->data + arena->size;
	arena->size += size;
	return CKPT_OK;
}
