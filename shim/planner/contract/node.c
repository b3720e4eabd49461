/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include <string.h>

uint32_t ckpt_node_add(struct ckpt_compiler *compiler,
		       const struct ckpt_plan_node *node)
{
	return ckpt_tables_add(compiler->tables, CKPT_PLAN_NODES, node,
			       sizeof(*node));
}

uint32_t ckpt_node_type_name(struct ckpt_compiler *compiler,
			     const struct ckpt_type *type)
{
	char text[128];

	ckpt_type_text(type, text, sizeof(text));
	return ckpt_tables_text(compiler->tables, text);
}

uint32_t ckpt_layout_bytes(struct ckpt_compiler *compiler, uint64_t size,
			   uint64_t stride, bool is_skipped)
{
	struct ckpt_plan_node node = {
		.kind = is_skipped ? CKPT_NODE_SKIP : CKPT_NODE_BYTES,
		.flags = CKPT_NODE_FLAT,
		.size = (uint32_t)size,
		.stride = (uint32_t)stride,
		.type_name = CKPT_PLAN_NONE,
	};

	if (!is_skipped && size == stride)
		node.flags |= CKPT_NODE_DENSE;
	return ckpt_node_add(compiler, &node);
}

enum ckpt_status ckpt_node_refuse(struct ckpt_compiler *compiler,
				  const char *path,
				  const struct ckpt_type *type, const char *why)
{
	char text[128];

	ckpt_type_text(type, text, sizeof(text));
	return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED, "`%s` (%s): %s",
			    path, text, why);
}

static bool has_pointer(const struct ckpt_type *type, unsigned depth)
{
	if (type->kind == CKPT_TYPE_POINTER)
		return true;
	if (depth > CKPT_COMPILER_DEPTH_MAX)
		return true;
	if (type->kind == CKPT_TYPE_ARRAY)
		return has_pointer(type->element, depth + 1);
	if (type->kind != CKPT_TYPE_STRUCT && type->kind != CKPT_TYPE_UNION)
		return false;
	for (size_t i = 0; i < type->field_count; i++) {
		if (has_pointer(type->fields[i].type, depth + 1))
			return true;
	}
	return false;
}

bool ckpt_layout_has_pointer(const struct ckpt_type *type)
{
	return has_pointer(type, 0);
}
