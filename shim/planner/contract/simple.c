/* SPDX-License-Identifier: MIT */
/* Nodes of values that have no members. */
#include "shim/planner/contract/compiler.h"

enum ckpt_status ckpt_layout_scalar(struct ckpt_compiler *compiler,
				    const struct ckpt_type *type, uint32_t *ret)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_BYTES,
		.flags = CKPT_NODE_FLAT,
		.size = type->value_size ? type->value_size
					 : (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(compiler, type),
	};

	if (node.size == node.stride)
		node.flags |= CKPT_NODE_DENSE;
	*ret = ckpt_node_add(compiler, &node);
	return CKPT_OK;
}

enum ckpt_status ckpt_layout_pointer(struct ckpt_compiler *compiler,
				     const struct ckpt_type *type,
				     const char *path,
				     const struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_POINTER,
		.size = 8,
		.stride = 8,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	enum ckpt_status status;

	*ret = ckpt_node_add(compiler, &node);
	status = ckpt_clauses_compile(compiler, type, path, level, terms,
				      &node.first, &node.count);
	if (!status)
		ckpt_layout_set_node(compiler, *ret, &node);
	return status;
}

/* Complex long doubles have padding in each half. */
enum ckpt_status ckpt_layout_pair(struct ckpt_compiler *compiler,
				  const struct ckpt_type *type, uint32_t *ret)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_ARRAY,
		.flags = CKPT_NODE_FLAT,
		.count = 2,
		.size = (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	enum ckpt_status status =
		ckpt_layout_scalar(compiler, type->element, &node.first);

	if (status)
		return status;
	node.flags = ckpt_layout_node(compiler, node.first)->flags;
	*ret = ckpt_node_add(compiler, &node);
	return CKPT_OK;
}
