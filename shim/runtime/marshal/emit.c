/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/emit.h"

#include "shim/runtime/marshal/key.h"
#include "shim/runtime/marshal/roots.h"

#include <string.h>

/* The same place in `count` elements, `stride` apart. */
struct column {
	uint32_t extent;
	uint64_t off;
	uint64_t stride;
	uint64_t count;
	/* What stood there before need not have been part of the key: it is
	 * written even where it did not change. */
	bool is_always;
};

enum ckpt_status ckpt_emit_effect(struct ckpt_emit *emit,
				  const struct ckpt_effect *e)
{
	if (!ckpt_effect_put(emit->out, e, NULL))
		return CKPT_OK;
	(void)ckpt_call_refuse(emit->call, CKPT_REFUSAL_MEMORY, CKPT_PLAN_NONE,
			       NULL, 0);
	return CKPT_NOMEM;
}

static bool is_column_changed(const struct ckpt_call *call,
			      const struct column *column, uint64_t size)
{
	const struct ckpt_extent *extent = &call->extents[column->extent];
	const uint8_t *before;
	const uint8_t *now;

	if (!(extent->flags & CKPT_EXTENT_IS_SAVED))
		return true;
	before = call->arena->data + extent->saved + column->off;
	now = extent->address + column->off;
	for (uint64_t i = 0; i < column->count; i++) {
		if (memcmp(before + i * column->stride,
			   now + i * column->stride, size) != 0)
			return true;
	}
	return false;
}

static enum ckpt_status emit_bytes(struct ckpt_emit *emit,
				   const struct column *column, uint64_t size)
{
	struct ckpt_effect effect = {
		.op = CKPT_EFFECT_BYTES,
		.extent = column->extent,
		.off = column->off,
		.size = size,
		.stride = column->stride,
		.count = column->count,
	};
	const uint8_t *from;
	uint8_t *to;

	if (!size || !column->count ||
	    (!column->is_always &&
	     !is_column_changed(emit->call, column, size)))
		return CKPT_OK;
	if (effect.count > 1 && effect.stride == size) {
		effect.size = size *= effect.count;
		effect.count = 1;
	}
	if (ckpt_effect_put(emit->out, &effect, &to)) {
		(void)ckpt_call_refuse(emit->call, CKPT_REFUSAL_MEMORY,
				       CKPT_PLAN_NONE, NULL, size);
		return CKPT_NOMEM;
	}
	from = emit->call->extents[column->extent].address + column->off;
	for (uint64_t i = 0; i < effect.count; i++)
		memcpy(to + i * size, from + i * column->stride, size);
	return CKPT_OK;
}

static enum ckpt_status emit_bits(struct ckpt_emit *emit,
				  const struct column *column,
				  const struct ckpt_plan_node *node)
{
	const struct ckpt_extent *extent = &emit->call->extents[column->extent];
	struct ckpt_effect effect = {
		.op = CKPT_EFFECT_BITS,
		.extent = column->extent,
		.bit_off = node->bit_off,
		.bit_size = node->bit_size,
	};
	enum ckpt_status status = CKPT_OK;

	for (uint64_t i = 0; !status && i < column->count; i++) {
		uint64_t word = 0;

		effect.off = column->off + i * column->stride;
		memcpy(&word, extent->address + effect.off,
		       node->size < 8 ? node->size : 8);
		word >>= node->bit_off;
		if (node->bit_size < 64)
			word &= ((uint64_t)1 << node->bit_size) - 1;
		effect.value = word;
		effect.size = node->size;
		status = ckpt_emit_effect(emit, &effect);
	}
	return status;
}

static enum ckpt_status emit_node(struct ckpt_emit *emit, uint32_t node,
				  const struct column *column, uint32_t depth);

static struct ckpt_eval_context field_context(const struct ckpt_call *call,
					      uint32_t number,
					      const uint8_t *element)
{
	const struct ckpt_walk_pointer pointer = {
		.holder = number,
		.element = element,
	};

	return ckpt_walk_context(call, &pointer);
}

/* Is this field there, in the one element of a column of one? */
static enum ckpt_status is_live(struct ckpt_call *call, uint32_t number,
				const uint8_t *element, uint32_t condition,
				bool *ret)
{
	const struct ckpt_eval_context context =
		field_context(call, number, element);

	return ckpt_eval_is_true(call, condition, &context, ret);
}

static enum ckpt_status emit_array(struct ckpt_emit *emit,
				   const struct ckpt_plan_node *n,
				   const struct column *column, uint32_t depth)
{
	const struct ckpt_plan_node *element =
		&emit->call->program->nodes[n->first];
	struct column inner = *column;
	enum ckpt_status status = CKPT_OK;

	if (element->flags & CKPT_NODE_DENSE)
		return emit_bytes(emit, column,
				  (uint64_t)element->stride * n->count);
	for (uint32_t i = 0; !status && i < n->count; i++) {
		status = emit_node(emit, n->first, &inner, depth + 1);
		inner.off += element->stride;
	}
	return status;
}

/* As many elements of an array as count. */
static enum ckpt_status emit_counted(struct ckpt_emit *emit,
				     const struct ckpt_plan_field *field,
				     const struct column *column,
				     uint32_t depth)
{
	struct ckpt_call *call = emit->call;
	const uint8_t *at = call->extents[column->extent].address + column->off;
	const struct ckpt_eval_context context =
		field_context(call, column->extent, at);
	struct ckpt_plan_node node = call->program->nodes[field->node];
	struct column inner = *column;
	enum ckpt_status status;
	uint64_t count;

	status = ckpt_walk_length(
		call, field, &context,
		ckpt_walk_room(call, field, at, column->extent), &count);
	if (status)
		return status;
	node.count = (uint32_t)count;
	inner.off += field->off;
	inner.is_always = true;
	return emit_array(emit, &node, &inner, depth);
}

static enum ckpt_status emit_field(struct ckpt_emit *emit,
				   const struct ckpt_plan_field *field,
				   const struct column *column, uint32_t depth)
{
	struct ckpt_call *call = emit->call;
	struct column inner = *column;
	enum ckpt_status status;
	bool is_there;

	status = is_live(call, column->extent,
			 call->extents[column->extent].address + column->off,
			 field->condition, &is_there);
	if (status || !is_there)
		return status;
	if (field->length != CKPT_PLAN_NONE)
		return emit_counted(emit, field, column, depth + 1);
	inner.off += field->off;
	inner.is_always |= field->condition != CKPT_PLAN_NONE;
	return emit_node(emit, field->node, &inner, depth + 1);
}

static enum ckpt_status emit_fields(struct ckpt_emit *emit,
				    const struct ckpt_plan_node *n,
				    const struct column *column, uint32_t depth)
{
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; !status && i < n->count; i++)
		status = emit_field(emit,
				    &emit->call->program->fields[n->first + i],
				    column, depth);
	return status;
}

static enum ckpt_status emit_node(struct ckpt_emit *emit, uint32_t node,
				  const struct column *column, uint32_t depth)
{
	const struct ckpt_plan_node *n = &emit->call->program->nodes[node];

	if (depth > CKPT_NODE_DEPTH_MAX)
		return ckpt_call_refuse(emit->call, CKPT_REFUSAL_LIMIT,
					CKPT_PLAN_NONE, NULL, depth);
	switch (n->kind) {
	case CKPT_NODE_BYTES:
		return emit_bytes(emit, column, n->size);
	case CKPT_NODE_BITS:
		return emit_bits(emit, column, n);
	case CKPT_NODE_STRUCT:
		return emit_fields(emit, n, column, depth);
	case CKPT_NODE_ARRAY:
		return emit_array(emit, n, column, depth);
	case CKPT_NODE_REFUSE:
		return ckpt_call_refuse(emit->call, CKPT_REFUSAL_NO_CLAUSE,
					n->first, NULL, 0);
	default:
		return CKPT_OK;
	}
}

static bool has_conditions(const struct ckpt_program *program,
			   const struct ckpt_plan_node *n)
{
	if (n->kind != CKPT_NODE_STRUCT)
		return false;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct ckpt_plan_field *field =
			&program->fields[n->first + i];

		if (field->condition != CKPT_PLAN_NONE ||
		    field->length != CKPT_PLAN_NONE)
			return true;
	}
	return false;
}

static enum ckpt_status emit_row(struct ckpt_emit *emit, uint32_t number,
				 uint64_t off, uint64_t size)
{
	const struct ckpt_program *program = emit->call->program;
	const struct ckpt_extent *extent = &emit->call->extents[number];
	uint32_t node = extent->node;
	uint64_t step = ckpt_extent_step(program, extent);
	const struct ckpt_plan_node *n = &program->nodes[node];
	enum ckpt_status status = CKPT_OK;
	struct column column = {
		.extent = number,
		.off = off,
		.stride = step,
		.count = step ? size / step : 0,
	};
	uint64_t count;

	if (!has_conditions(program, n))
		return emit_node(emit, node, &column, 0);
	count = column.count;
	column.count = 1;
	for (uint64_t i = 0; !status && i < count; i++) {
		status = emit_node(emit, node, &column, 0);
		column.off += step;
	}
	return status;
}

static enum ckpt_status is_unchanged(struct ckpt_call *call, uint32_t number,
				     bool *ret)
{
	const struct ckpt_extent *extent = &call->extents[number];
	struct ckpt_hash128 digest;
	enum ckpt_status status;

	*ret = false;
	if (!(extent->flags & CKPT_EXTENT_IS_DIGESTED))
		return CKPT_OK;
	status = ckpt_key_digest(call, extent, number, &digest);
	if (status)
		return status;
	*ret = ckpt_hash_equal(digest, extent->digest);
	return CKPT_OK;
}

/* All of it: which bytes changed is not known, only that some did. */
static enum ckpt_status emit_untyped(struct ckpt_emit *emit, uint32_t number)
{
	const struct ckpt_extent extent = emit->call->extents[number];
	const uint8_t *initial = ckpt_roots_initial(emit->call, &extent);
	struct column column = {.extent = number, .count = 1};
	enum ckpt_status status;

	for (;;) {
		uint64_t end = ckpt_ranges_find_address(
			emit->call->ranges, extent.address, column.off,
			extent.size, initial);
		uint8_t *value;

		status = emit_bytes(emit, &column, end - column.off);
		if (status || end == extent.size)
			return status;
		value = ckpt_walk_value(extent.address + end);
		status = emit->address(emit->argument, number, end, value);
		if (status)
			return status;
		column.off = end + sizeof(value);
	}
}

enum ckpt_status ckpt_emit_content(struct ckpt_emit *emit, uint32_t number)
{
	struct ckpt_call *call = emit->call;
	const struct ckpt_extent extent = call->extents[number];
	uint64_t rows = ckpt_extent_rows(&extent);
	enum ckpt_status status;
	bool is_same;

	status = is_unchanged(call, number, &is_same);
	if (status || is_same)
		return status;
	if (extent.flags & CKPT_EXTENT_IS_UNTYPED)
		return emit_untyped(emit, number);
	if (call->program->nodes[extent.node].flags & CKPT_NODE_DENSE) {
		struct column column = {
			.extent = number,
			.stride = extent.stride,
			.count = rows,
		};

		return emit_bytes(emit, &column, extent.row_size);
	}
	for (uint64_t row = 0; !status && row < rows; row++)
		status = emit_row(emit, number, row * extent.stride,
				  extent.row_size);
	return status;
}

/* ---- pointers ---- */

struct visit {
	enum ckpt_status (*function)(void *argument, uint32_t node,
				     const struct ckpt_walk_pointer *pointer);
	void *argument;
};

static enum ckpt_status visit_element(struct ckpt_call *call, uint32_t node,
				      struct ckpt_walk_pointer *pointer,
				      const struct visit *visit)
{
	const struct ckpt_plan_node *n = &call->program->nodes[node];
	enum ckpt_status status = CKPT_OK;
	bool is_there;

	if (n->kind == CKPT_NODE_POINTER) {
		pointer->from = (uint8_t *)pointer->element;
		return visit->function(visit->argument, node, pointer);
	}
	for (uint32_t i = 0; !status && i < n->count; i++) {
		const struct ckpt_plan_field *field =
			&call->program->fields[n->first + i];

		if (call->program->nodes[field->node].kind != CKPT_NODE_POINTER)
			continue;
		status = is_live(call, pointer->holder, pointer->element,
				 field->condition, &is_there);
		pointer->from = (uint8_t *)pointer->element + field->off;
		pointer->is_conditional = field->condition != CKPT_PLAN_NONE;
		if (!status && is_there)
			status = visit->function(visit->argument, field->node,
						 pointer);
	}
	return status;
}

enum ckpt_status ckpt_emit_pointers(
	struct ckpt_call *call, uint32_t number,
	enum ckpt_status (*visit)(void *argument, uint32_t node,
				  const struct ckpt_walk_pointer *pointer),
	void *argument)
{
	const struct ckpt_extent extent = call->extents[number];
	const struct ckpt_plan_node *n = &call->program->nodes[extent.node];
	const struct visit each = {visit, argument};
	struct ckpt_walk_pointer pointer = {.holder = number};
	uint64_t rows = ckpt_extent_rows(&extent);
	uint64_t step = ckpt_extent_step(call->program, &extent);
	enum ckpt_status status;

	if (n->flags & CKPT_NODE_FLAT || !step ||
	    (n->kind != CKPT_NODE_STRUCT && n->kind != CKPT_NODE_POINTER))
		return CKPT_OK;
	for (uint64_t row = 0; row < rows; row++) {
		const uint8_t *at = extent.address + row * extent.stride;
		const uint8_t *end = at + extent.row_size;

		for (; at < end; at += step) {
			pointer.element = at;
			status = visit_element(call, extent.node, &pointer,
					       &each);
			if (status)
				return status;
		}
	}
	return CKPT_OK;
}
