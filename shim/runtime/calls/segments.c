/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/segments.h"

#include "shim/common/cleanup.h"
#include "shim/runtime/guest/heap.h"

#include <stdlib.h>

enum { PAGE_SIZE = 4096 };

struct table {
	struct ckpt_segment *items;
	uint32_t count, capacity;
};

static enum ckpt_status add_segment(struct table *table,
				    struct ckpt_segment segment)
{
	if (segment.start >= segment.end)
		return CKPT_OK;
	if (table->count == table->capacity) {
		uint32_t capacity = table->capacity ? 2 * table->capacity : 256;
		struct ckpt_segment *items = ckpt_heap_resize(
			table->items, capacity, sizeof(*items));

		if (!items)
			return CKPT_NOMEM;
		table->items = items;
		table->capacity = capacity;
	}
	table->items[table->count++] = segment;
	return CKPT_OK;
}

/* A segment, cut where the loader took the write permission back. */
static enum ckpt_status add_load(struct table *table,
				 const struct ckpt_object *object,
				 const ElfW(Phdr) * p, uint32_t index)
{
	uintptr_t start = object->base + p->p_vaddr;
	struct ckpt_segment whole = {
		.start = start & -(uintptr_t)PAGE_SIZE,
		.end = (start + p->p_memsz + PAGE_SIZE - 1) &
		       -(uintptr_t)PAGE_SIZE,
		.object = index,
		.is_writable = p->p_flags & PF_W,
		.is_code = p->p_flags & PF_X,
	};
	struct ckpt_segment first = whole, last = whole;
	enum ckpt_status status;

	if (!(p->p_flags & PF_R))
		return CKPT_OK;
	if (!whole.is_writable || object->relro_end <= whole.start ||
	    object->relro_start >= whole.end)
		return add_segment(table, whole);
	first.end = object->relro_start;
	last.start = object->relro_end;
	whole.start = whole.start < object->relro_start ? object->relro_start
							: whole.start;
	whole.end =
		whole.end > object->relro_end ? object->relro_end : whole.end;
	whole.is_writable = false;
	status = add_segment(table, first);
	if (!status)
		status = add_segment(table, whole);
	return status ? status : add_segment(table, last);
}

static enum ckpt_status add_object(struct table *table,
				   const struct ckpt_object *object,
				   uint32_t index)
{
	for (unsigned i = 0; i < object->phdr_count; i++) {
		enum ckpt_status status;

		if (object->phdrs[i].p_type != PT_LOAD)
			continue;
		status = add_load(table, object, &object->phdrs[i], index);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* By start. Shell's sort with Knuth's steps: qsort() calls malloc, which may
 * not be up when we start. */
static void sort(struct table *table)
{
	uint32_t step = 1;

	while (step < table->count / 3)
		step = 3 * step + 1;
	for (; step; step /= 3)
		for (uint32_t i = step; i < table->count; i++) {
			struct ckpt_segment item = table->items[i];
			uint32_t at = i;

			for (; at >= step &&
			       table->items[at - step].start > item.start;
			     at -= step)
				table->items[at] = table->items[at - step];
			table->items[at] = item;
		}
}

/* Two segments may share a page: what is before the boundary in the file is
 * then mapped by the later one. */
static void separate(struct table *table)
{
	for (uint32_t i = 0; i + 1 < table->count; i++)
		if (table->items[i].end > table->items[i + 1].start)
			table->items[i].end = table->items[i + 1].start;
}

static void free_table(struct table *table)
{
	ckpt_heap_free(table->items);
}

enum ckpt_status ckpt_segments_create(const struct ckpt_objects *objects,
				      const uint64_t *numbers, uint32_t count,
				      const struct ckpt_segments **ret)
{
	_cleanup_(free_table) struct table table = {0};
	struct ckpt_segments *segments;

	for (size_t i = 0; i < objects->count; i++) {
		const struct ckpt_object *object = objects->items[i];
		uint32_t index = 0;
		enum ckpt_status status;

		while (index < count && numbers[index] != object->number)
			index++;
		if (index == count)
			continue;
		status = add_object(&table, object, index);
		if (status)
			return status;
	}
	segments = ckpt_heap_calloc(1, sizeof(*segments));
	if (!segments)
		return CKPT_NOMEM;
	sort(&table);
	separate(&table);
	segments->count = table.count;
	segments->items = TAKE(table.items);
	*ret = segments;
	return CKPT_OK;
}

void ckpt_segments_destroy(const struct ckpt_segments *segments)
{
	if (!segments)
		return;
	ckpt_heap_free((void *)(uintptr_t)segments->items);
	ckpt_heap_free((void *)(uintptr_t)segments);
}

static bool is_equal(const struct ckpt_segment *a, const struct ckpt_segment *b)
{
	return a->start == b->start && a->end == b->end &&
	       a->object == b->object && a->is_writable == b->is_writable;
}

bool ckpt_segments_equal(const struct ckpt_segments *a,
			 const struct ckpt_segments *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!is_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}
