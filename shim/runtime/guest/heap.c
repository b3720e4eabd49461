/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/heap.h"

#include "shim/common/sys_x86_64.h"

#include <string.h>

enum {
	CLASS_MIN = 5, /* 32 bytes, header included */
	CLASS_LARGE = 16,
	CLASS_COUNT = 48,
	REGION_SIZE = 1 << 16,
};

/* In front of each block. */
struct header {
	size_t class;	     /* the block and its header have 2^class bytes */
	struct header *next; /* while it is free */
} __attribute__((aligned(16)));

static struct {
	struct header *free[CLASS_COUNT];
	char *next, *end; /* of the region that blocks are cut from */
} heap;

/* CLASS_COUNT: too large. */
static size_t class_of(size_t size)
{
	size_t class = CLASS_MIN;

	while (class < CLASS_COUNT &&
	       ((size_t)1 << class) - sizeof(struct header) < size)
		class ++;
	return class;
}

static void *map_memory(size_t size, int flags)
{
	void *memory =
		ckpt_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return ckpt_sys_is_error(memory) ? NULL : memory;
}

/* What is left of the old region is not worth a list. */
static struct header *cut_block(size_t class)
{
	size_t size = (size_t)1 << class;
	struct header *block;

	if (class >= CLASS_LARGE)
		return map_memory(size, 0);
	if ((size_t)(heap.end - heap.next) < size) {
		char *region = map_memory(REGION_SIZE, MAP_POPULATE);

		if (!region)
			return NULL;
		heap.next = region;
		heap.end = region + REGION_SIZE;
	}
	block = (struct header *)(void *)heap.next;
	heap.next += size;
	return block;
}

static void *take_block(size_t size)
{
	size_t class = class_of(size);
	struct header *block;

	if (class == CLASS_COUNT)
		return NULL;
	block = heap.free[class];
	if (block)
		heap.free[class] = block->next;
	else
		block = cut_block(class);
	if (!block)
		return NULL;
	block->class = class;
	return block + 1;
}

void *ckpt_heap_calloc(size_t count, size_t size)
{
	size_t total;
	void *block;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	block = take_block(total);
	return block ? memset(block, 0, total) : NULL;
}

void *ckpt_heap_resize(void *old, size_t count, size_t size)
{
	const struct header *header = old ? (struct header *)old - 1 : NULL;
	size_t total, room;
	void *block;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	if (!header)
		return take_block(total);
	room = ((size_t)1 << header->class) - sizeof(*header);
	if (total <= room)
		return old;
	block = take_block(total);
	if (!block)
		return NULL;
	memcpy(block, old, room);
	ckpt_heap_free(old);
	return block;
}

char *ckpt_heap_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = take_block(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

void ckpt_heap_free(const void *block)
{
	struct header *header;

	if (!block)
		return;
	header = (struct header *)(uintptr_t)block - 1;
	if (header->class >= CLASS_LARGE) {
		(void)ckpt_sys_munmap(header, (size_t)1 << header->class);
		return;
	}
	header->next = heap.free[header->class];
	heap.free[header->class] = header;
}
