/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/extents.h"

#include <string.h>

/* Fewer extents than this are searched one by one. */
enum { INDEX_FROM = 24 };

static enum ckpt_status grow_table(struct ckpt_call *call)
{
	uint32_t capacity = call->extent_capacity * 2;
	enum ckpt_status status;
	uint64_t off;

	if (capacity > CKPT_CALL_EXTENTS_MAX)
		return ckpt_call_refuse(call, CKPT_REFUSAL_LIMIT,
					CKPT_PLAN_NONE, NULL,
					call->extent_count);
	status = ckpt_call_reserve(call, capacity * sizeof(*call->extents),
				   &off);
	if (status)
		return status;
	memcpy(call->arena->data + off, call->extents,
	       call->extent_count * sizeof(*call->extents));
	call->extents = (void *)(call->arena->data + off);
	call->extents_off = off;
	call->extent_capacity = capacity;
	return CKPT_OK;
}

enum ckpt_status ckpt_extents_add(struct ckpt_call *call,
				  const struct ckpt_extent *extent,
				  uint32_t *ret)
{
	struct ckpt_extent copy = *extent;
	enum ckpt_status status;

	if (call->extent_count == call->extent_capacity) {
		status = grow_table(call);
		if (status)
			return status;
	}
	call->extents[call->extent_count] = copy;
	*ret = call->extent_count++;
	return CKPT_OK;
}

/* ---- extents by address ---- */

static uint32_t *index_slots(struct ckpt_call *call)
{
	return (void *)(call->arena->data + call->index_off);
}

static uint32_t first_slot(const struct ckpt_call *call, const uint8_t *address)
{
	uint64_t mixed = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u;

	return (uint32_t)(mixed >> 32) & (call->index_capacity - 1);
}

static void index_extent(struct ckpt_call *call, uint32_t extent)
{
	uint32_t *slots = index_slots(call);
	uint32_t slot = first_slot(call, call->extents[extent].address);

	while (slots[slot])
		slot = (slot + 1) & (call->index_capacity - 1);
	slots[slot] = extent + 1;
}

static enum ckpt_status update_index(struct ckpt_call *call)
{
	uint32_t capacity = call->index_capacity ? call->index_capacity : 128;
	enum ckpt_status status;

	while (capacity / 2 < call->extent_count)
		capacity *= 2;
	if (capacity != call->index_capacity) {
		status = ckpt_call_reserve(call, capacity * sizeof(uint32_t),
					   &call->index_off);
		if (status)
			return status;
		memset(call->arena->data + call->index_off, 0,
		       capacity * sizeof(uint32_t));
		call->index_capacity = capacity;
		call->index_count = 0;
	}
	for (; call->index_count < call->extent_count; call->index_count++)
		index_extent(call, call->index_count);
	return CKPT_OK;
}

bool ckpt_extents_is_same_element(const struct ckpt_program *program,
				  uint32_t a, uint32_t b)
{
	const struct ckpt_plan_node *nodes = program->nodes;

	return a == b || (a != CKPT_PLAN_NONE && b != CKPT_PLAN_NONE &&
			  nodes[a].flags & CKPT_NODE_DENSE &&
			  nodes[b].flags & CKPT_NODE_DENSE &&
			  nodes[a].stride == nodes[b].stride);
}

/* Blocks the call made are told apart by address and type alone: a second way
 * to one may reach further. */
static bool is_same(const struct ckpt_program *program,
		    const struct ckpt_extent *extent,
		    const struct ckpt_extent *like)
{
	if (extent->address != like->address ||
	    extent->flags & CKPT_EXTENT_IS_GONE ||
	    !ckpt_extents_is_same_element(program, extent->node, like->node))
		return false;
	return like->flags & CKPT_EXTENT_IS_CREATED ||
	       (extent->size == like->size && extent->bound == like->bound &&
		extent->direction == like->direction &&
		extent->owner == like->owner);
}

enum ckpt_status ckpt_extents_find(struct ckpt_call *call, uint32_t first,
				   const struct ckpt_extent *like,
				   uint32_t *ret)
{
	enum ckpt_status status;

	if (call->extent_count < INDEX_FROM) {
		for (uint32_t i = first; i < call->extent_count; i++) {
			if (is_same(call->program, &call->extents[i], like)) {
				*ret = i;
				return CKPT_OK;
			}
		}
		return CKPT_NOTFOUND;
	}
	status = update_index(call);
	if (status)
		return status;
	for (uint32_t slot = first_slot(call, like->address);
	     index_slots(call)[slot];
	     slot = (slot + 1) & (call->index_capacity - 1)) {
		uint32_t i = index_slots(call)[slot] - 1;

		if (i >= first &&
		    is_same(call->program, &call->extents[i], like)) {
			*ret = i;
			return CKPT_OK;
		}
	}
	return CKPT_NOTFOUND;
}
