/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/layoutcheck.h"

#include "shim/common/sys_x86_64.h"

#include <stdbool.h>

static enum ckpt_status damaged(struct ckpt_err *err, uint32_t index,
				const char *what)
{
	return ckpt_err_set(err, CKPT_BADDATA, "nodes[%u]: %s", index, what);
}

static bool is_slice(uint64_t first, uint64_t count, uint64_t limit)
{
	return first <= limit && count <= limit - first;
}

static bool has_length(const struct ckpt_plan_field *field)
{
	return field->length != CKPT_PLAN_NONE;
}

/* An array of which some elements may count: the room is looked at by size. */
static bool is_countable(const struct ckpt_plan_view *view, uint32_t node)
{
	const struct ckpt_plan_node *array = &view->nodes[node];

	return array->kind == CKPT_NODE_ARRAY &&
	       array->first < view->counts[CKPT_PLAN_NODES] &&
	       view->nodes[array->first].stride > 0 &&
	       view->nodes[array->first].flags & CKPT_NODE_FLAT;
}

static bool is_struct_sound(const struct ckpt_plan_view *view,
			    const struct ckpt_plan_node *node)
{
	if (!is_slice(node->first, node->count, view->counts[CKPT_PLAN_FIELDS]))
		return false;
	for (uint32_t i = 0; i < node->count; i++) {
		const struct ckpt_plan_field *field =
			&view->fields[node->first + i];

		if (!is_slice(field->off, view->nodes[field->node].size,
			      node->size))
			return false;
		if (has_length(field) && !is_countable(view, field->node))
			return false;
	}
	return !(node->flags & CKPT_NODE_FLEXIBLE) ||
	       (node->count > 0 && node->stride > 0 &&
		has_length(&view->fields[node->first + node->count - 1]));
}

static bool is_array_sound(const struct ckpt_plan_view *view,
			   const struct ckpt_plan_node *node)
{
	const struct ckpt_plan_node *element;

	if (node->first >= view->counts[CKPT_PLAN_NODES])
		return false;
	element = &view->nodes[node->first];
	return node->count == 0 ||
	       (element->stride > 0 && (element->flags & CKPT_NODE_FLAT) &&
		(uint64_t)element->stride * (node->count - 1) + element->size <=
			node->size);
}

static bool is_node_sound(const struct ckpt_plan_view *view,
			  const struct ckpt_plan_node *node)
{
	if (node->size > node->stride)
		return false;
	switch (node->kind) {
	case CKPT_NODE_BYTES:
	case CKPT_NODE_SKIP:
		return true;
	case CKPT_NODE_BITS:
		return node->size <= 8 && node->bit_size > 0 &&
		       node->bit_off + node->bit_size <= node->size * 8;
	case CKPT_NODE_STRUCT:
		return is_struct_sound(view, node);
	case CKPT_NODE_ARRAY:
		return is_array_sound(view, node);
	case CKPT_NODE_REFUSE:
		return node->first < view->counts[CKPT_PLAN_CLAUSES];
	case CKPT_NODE_POINTER:
		return node->size == 8 && !(node->flags & CKPT_NODE_FLAT) &&
		       is_slice(node->first, node->count,
				view->counts[CKPT_PLAN_CLAUSES]);
	default:
		return false;
	}
}

/* Heights of layouts, one byte a node: 0 unknown, else 1 + the height of its
 * highest part; BUSY while its parts are looked at. */
enum { HEIGHT_BUSY = 255 };

static bool find_height(const struct ckpt_plan_view *view, uint8_t *heights,
			uint32_t index);

static bool add_part(const struct ckpt_plan_view *view, uint8_t *heights,
		     uint32_t part, uint8_t *height)
{
	if (!find_height(view, heights, part) ||
	    heights[part] >= CKPT_NODE_DEPTH_MAX)
		return false;
	if (heights[part] >= *height)
		*height = heights[part] + 1;
	return true;
}

/* False: a layout that contains itself, or one too deep. */
static bool find_height(const struct ckpt_plan_view *view, uint8_t *heights,
			uint32_t index)
{
	const struct ckpt_plan_node *node = &view->nodes[index];
	uint8_t height = 1;

	if (heights[index])
		return heights[index] != HEIGHT_BUSY;
	heights[index] = HEIGHT_BUSY;
	if (node->kind == CKPT_NODE_ARRAY &&
	    !add_part(view, heights, node->first, &height))
		return false;
	if (node->kind == CKPT_NODE_STRUCT)
		for (uint32_t i = 0; i < node->count; i++)
			if (!add_part(view, heights,
				      view->fields[node->first + i].node,
				      &height))
				return false;
	heights[index] = height;
	return true;
}

static enum ckpt_status check_heights(const struct ckpt_plan_view *view,
				      uint8_t *heights, struct ckpt_err *err)
{
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_NODES]; i++)
		if (!find_height(view, heights, i))
			return damaged(err, i, "layout without end");
	return CKPT_OK;
}

enum ckpt_status ckpt_layout_check(const struct ckpt_plan_view *view,
				   struct ckpt_err *err)
{
	size_t size = view->counts[CKPT_PLAN_NODES];
	enum ckpt_status status;
	uint8_t *heights;

	for (uint32_t i = 0; i < size; i++)
		if (!is_node_sound(view, &view->nodes[i]))
			return damaged(err, i, "bad layout");
	if (!size)
		return CKPT_OK;
	heights = ckpt_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(heights))
		return ckpt_err_set(err, CKPT_NOMEM, "no memory for a plan");
	status = check_heights(view, heights, err);
	(void)ckpt_sys_munmap(heights, size);
	return status;
}
