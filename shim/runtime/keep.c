/* SPDX-License-Identifier: MIT */
#include "shim/runtime/keep.h"

#include "shim/common/typecode.h"
#include "shim/runtime/marshal/componentput.h"
#include "shim/runtime/marshal/eval.h"
#include "shim/runtime/marshal/explain.h"
#include "shim/runtime/marshal/roots.h"
#include "shim/runtime/marshal/typewrite.h"

#include <string.h>

enum { PATH_MAX_SIZE = 256, NODES_TOLD = 8 };

struct keeper {
	struct ckpt_call *call;
	struct ckpt_component_writer writer;
	/* Nodes whose type was written, the last few of them. */
	uint32_t nodes[NODES_TOLD];
	uint32_t node_count;
};

/* ---- the bytes of a value that count ------------------------------------ */
struct copy {
	struct ckpt_call *call;
	uint32_t extent; /* that the value is in, or NONE */
	const uint8_t *element;
};

static void copy_node(const struct copy *copy, uint32_t node,
		      const uint8_t *from, uint8_t *to, uint32_t depth);

static bool is_live(const struct copy *copy, uint32_t condition)
{
	struct ckpt_eval_context context = {
		.element = copy->element,
		.parent = CKPT_PLAN_NONE,
	};
	struct ckpt_refusal refusal = copy->call->refusal;
	bool is_true = false;

	if (condition == CKPT_PLAN_NONE)
		return true;
	if (copy->extent < copy->call->extent_count) {
		const struct ckpt_extent *extent =
			&copy->call->extents[copy->extent];

		context.parent = extent->parent;
		context.from = extent->from;
	}
	if (ckpt_eval_is_true(copy->call, condition, &context, &is_true))
		is_true = false;
	copy->call->refusal = refusal;
	return is_true;
}

static void copy_bits(const struct ckpt_plan_node *n, const uint8_t *from,
		      uint8_t *to)
{
	uint64_t mask = n->bit_size < 64 ? ((uint64_t)1 << n->bit_size) - 1
					 : UINT64_MAX;
	uint64_t word = 0, old = 0;
	size_t size = n->size < sizeof(word) ? n->size : sizeof(word);

	memcpy(&word, from, size);
	memcpy(&old, to, size);
	old |= word & mask << n->bit_off;
	memcpy(to, &old, size);
}

static void copy_fields(const struct copy *copy, const struct ckpt_plan_node *n,
			const uint8_t *from, uint8_t *to, uint32_t depth)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct ckpt_plan_field *field =
			&copy->call->program->fields[n->first + i];

		if (is_live(copy, field->condition))
			copy_node(copy, field->node, from + field->off,
				  to + field->off, depth + 1);
	}
}

/* Pointers and padding stay zero: they are of this process only. */
static void copy_node(const struct copy *copy, uint32_t node,
		      const uint8_t *from, uint8_t *to, uint32_t depth)
{
	const struct ckpt_plan_node *nodes = copy->call->program->nodes;
	const struct ckpt_plan_node *n = &nodes[node];

	if (depth > CKPT_NODE_DEPTH_MAX)
		return;
	if (n->kind == CKPT_NODE_BYTES)
		memcpy(to, from, n->size);
	else if (n->kind == CKPT_NODE_BITS)
		copy_bits(n, from, to);
	else if (n->kind == CKPT_NODE_STRUCT)
		copy_fields(copy, n, from, to, depth);
	else if (n->kind == CKPT_NODE_ARRAY)
		for (uint32_t i = 0; i < n->count; i++)
			copy_node(copy, n->first,
				  from + (size_t)i * nodes[n->first].stride,
				  to + (size_t)i * nodes[n->first].stride,
				  depth + 1);
}

/* The first `size` bytes of an extent; of one with rows, what is between them
 * stays zero. */
static void copy_extent(struct ckpt_call *call, uint32_t number, uint8_t *to,
			uint64_t size)
{
	const struct ckpt_extent extent = call->extents[number];
	const struct ckpt_plan_node *n = &call->program->nodes[extent.node];
	struct copy copy = {.call = call, .extent = number};
	uint64_t step = extent.stride ? extent.stride : size;

	for (uint64_t row = 0; step && row < size; row += step) {
		uint64_t end = row + extent.row_size;

		if (end > size)
			end = size;
		if (n->flags & CKPT_NODE_DENSE ||
		    extent.flags & CKPT_EXTENT_IS_UNTYPED) {
			memcpy(to + row, extent.address + row, end - row);
			continue;
		}
		for (uint64_t at = row; n->stride && at + n->stride <= end;
		     at += n->stride) {
			copy.element = extent.address + at;
			copy_node(&copy, extent.node, copy.element, to + at, 0);
		}
	}
}

/* ---- inputs ------------------------------------------------------------- */
/* Whole elements, as many as there is room for. */
static uint32_t cut_size(const struct keeper *k, uint64_t size,
			 uint32_t element_size, size_t head)
{
	size_t used = k->writer.out->size - k->writer.start + head;
	uint64_t room =
		used < CKPT_KEEP_INPUTS_MAX ? CKPT_KEEP_INPUTS_MAX - used : 0;

	if (size > room)
		size = element_size ? room - room % element_size : room;
	return (uint32_t)size;
}

static enum ckpt_status keep_extent(struct keeper *k, uint32_t number)
{
	struct ckpt_call *call = k->call;
	const struct ckpt_extent *extent = &call->extents[number];
	uint8_t type[CKPT_TYPECODE_MAX];
	char path[PATH_MAX_SIZE];
	uint8_t *data;
	enum ckpt_status status;
	struct ckpt_component c = {
		.kind = extent->flags & CKPT_EXTENT_IS_ROOT
				? CKPT_COMPONENT_GLOBAL
				: CKPT_COMPONENT_PARAMETER,
		.form = CKPT_COMPONENT_TYPED,
		.path = path,
		.element_size = call->program->nodes[extent->node].stride,
		.size = extent->size,
		.type = type,
	};

	c.path_size =
		(uint16_t)ckpt_explain_way(call, number, path, sizeof(path));
	c.type_size = (uint16_t)ckpt_typewrite(call->program, extent->node,
					       type, sizeof(type));
	c.data_size = cut_size(k, c.size, c.element_size,
			       c.path_size + c.type_size + 64);
	status = ckpt_component_put(&k->writer, &c, &data);
	if (!status && data)
		copy_extent(call, number, data, c.data_size);
	return status;
}

static enum ckpt_status keep_parameter(struct keeper *k,
				       const struct ckpt_plan_root *root)
{
	const struct ckpt_program *program = k->call->program;
	const struct ckpt_plan_node *n = &program->nodes[root->node];
	struct copy copy = {.call = k->call, .extent = CKPT_PLAN_NONE};
	uint8_t type[CKPT_TYPECODE_MAX];
	uint8_t *data;
	enum ckpt_status status;
	struct ckpt_component c = {
		.kind = CKPT_COMPONENT_PARAMETER,
		.form = CKPT_COMPONENT_TYPED,
		.path = root->path == CKPT_PLAN_NONE
				? "?"
				: program->strings + root->path,
		.element_size = n->size,
		.size = n->size,
		.type = type,
		.data_size = n->size,
	};

	c.path_size = (uint16_t)strnlen(c.path, PATH_MAX_SIZE);
	c.type_size = (uint16_t)ckpt_typewrite(program, root->node, type,
					       sizeof(type));
	status = ckpt_component_put(&k->writer, &c, &data);
	if (status || !data)
		return status;
	copy.element = ckpt_roots_place(k->call, root);
	copy_node(&copy, root->node, copy.element, data, 0);
	return CKPT_OK;
}

static enum ckpt_status keep_parameters(struct keeper *k)
{
	const struct ckpt_program *program = k->call->program;
	const struct ckpt_plan_function *function = program->function;
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < function->root_count && !status; i++) {
		const struct ckpt_plan_root *root =
			&program->roots[function->first_root + i];
		uint8_t kind = program->nodes[root->node].kind;

		if (root->kind == CKPT_ROOT_PARAMETER &&
		    kind != CKPT_NODE_POINTER && kind != CKPT_NODE_SKIP)
			status = keep_parameter(k, root);
	}
	return status;
}

enum ckpt_status ckpt_keep_inputs(struct ckpt_call *call,
				  struct ckpt_arena *out)
{
	struct keeper k = {
		.call = call,
		.writer = {.out = out,
			   .start = out->size,
			   .limit = CKPT_KEEP_INPUTS_MAX},
	};
	enum ckpt_status status = keep_parameters(&k);

	for (uint32_t i = 1; i < call->pre_extent_count && !status; i++)
		if (!k.writer.is_full && ckpt_explain_is_input(call, i) &&
		    !ckpt_explain_is_secret(call, i))
			status = keep_extent(&k, i);
	return status;
}

/* ---- outputs ------------------------------------------------------------ */
static bool is_told(struct keeper *k, uint32_t node)
{
	for (uint32_t i = 0; i < NODES_TOLD && i < k->node_count; i++)
		if (k->nodes[i] == node)
			return true;
	k->nodes[k->node_count++ % NODES_TOLD] = node;
	return false;
}

static enum ckpt_status name_output(struct keeper *k, uint32_t number)
{
	struct ckpt_call *call = k->call;
	const struct ckpt_extent *extent = &call->extents[number];
	bool is_secret = ckpt_explain_is_secret(call, number);
	uint8_t type[CKPT_TYPECODE_MAX];
	char path[PATH_MAX_SIZE];
	struct ckpt_component c = {
		.kind = is_secret ? CKPT_COMPONENT_SECRET
				  : CKPT_COMPONENT_OUTPUT,
		.form = CKPT_COMPONENT_EXTENT,
		.path = path,
		.element_size = call->program->nodes[extent->node].stride,
		.size = extent->size,
		.number = number,
		.node = extent->node,
		.type = type,
	};

	c.path_size =
		(uint16_t)ckpt_explain_way(call, number, path, sizeof(path));
	if (!is_secret && !is_told(k, extent->node))
		c.type_size = (uint16_t)ckpt_typewrite(
			call->program, extent->node, type, sizeof(type));
	return ckpt_component_put(&k->writer, &c, NULL);
}

static bool is_output(const struct ckpt_extent *extent)
{
	return extent->size && extent->direction != CKPT_DIR_IN &&
	       extent->direction != CKPT_DIR_SCRATCH &&
	       !(extent->flags & (CKPT_EXTENT_IS_FILE | CKPT_EXTENT_IS_GONE));
}

static enum ckpt_status keep_outputs(struct ckpt_call *call,
				     struct ckpt_arena *out)
{
	struct keeper k = {
		.call = call,
		.writer = {.out = out,
			   .start = out->size,
			   .limit = CKPT_KEEP_OUTPUTS_MAX},
	};
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < call->extent_count && !status; i++)
		if (!k.writer.is_full && is_output(&call->extents[i]))
			status = name_output(&k, i);
	return status;
}

/* ---- both --------------------------------------------------------------- */
void ckpt_keep_before(struct ckpt_call *call,
		      const struct ckpt_environment *environment,
		      struct ckpt_thread_call *slot)
{
	struct ckpt_arena *about = &slot->components;

	if (ckpt_explain_key(call, environment, about))
		about->size = 0;
	slot->key_size = about->size;
	if (!(call->program->function->flags & CKPT_FUNCTION_KEEP_INPUTS))
		return;
	if (ckpt_keep_inputs(call, about))
		about->size = slot->key_size;
	slot->inputs_size = about->size - slot->key_size;
}

void ckpt_keep_after(struct ckpt_call *call, struct ckpt_thread_call *slot)
{
	size_t before = slot->components.size;

	if (keep_outputs(call, &slot->components))
		slot->components.size = before;
}
