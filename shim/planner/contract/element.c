/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include <string.h>

/* Does any contract of the terms in force speak of what the element at `path`
 * holds, other than the [[type]] of its own struct? */
static bool is_spoken_of(const struct ckpt_terms *terms, const char *path)
{
	bool is_deref = false;

	for (; terms; terms = terms->outer) {
		if (ckpt_terms_go_through(terms, path, &is_deref))
			return true;
	}
	return false;
}

static struct ckpt_shared_node *find_shared(struct ckpt_compiler *compiler,
					    const struct ckpt_level *level)
{
	for (uint32_t i = 0; i < compiler->shared_count; i++) {
		struct ckpt_shared_node *shared = &compiler->shared[i];

		if (shared->fields == level->type->fields &&
		    shared->is_created == level->is_created &&
		    shared->is_made == level->is_made &&
		    shared->is_constant == level->is_constant)
			return shared;
	}
	return NULL;
}

/* Met again while being compiled: it and all compiled since can reach
 * themselves. */
static void mark_graph(struct ckpt_compiler *compiler,
		       const struct ckpt_shared_node *from)
{
	struct ckpt_plan_node node;

	for (; from < &compiler->shared[compiler->shared_count]; from++) {
		if (!from->is_open)
			continue;
		node = *ckpt_layout_node(compiler, from->node);
		node.flags |= CKPT_NODE_GRAPH;
		ckpt_layout_set_node(compiler, from->node, &node);
	}
}

static enum ckpt_status compile_shared(struct ckpt_compiler *compiler,
				       struct ckpt_level *level, uint32_t *ret)
{
	struct ckpt_shared_node *shared = find_shared(compiler, level);
	uint32_t index = compiler->shared_count;
	enum ckpt_status status;

	if (shared) {
		if (shared->is_open)
			mark_graph(compiler, shared);
		*ret = shared->node;
		return CKPT_OK;
	}
	if (index == CKPT_COMPILER_SHARED_MAX)
		return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED,
				    "more than %d different structs",
				    CKPT_COMPILER_SHARED_MAX);
	compiler->shared_count++;
	compiler->shared[index] = (struct ckpt_shared_node){
		.fields = level->type->fields,
		.is_created = level->is_created,
		.is_made = level->is_made,
		.is_constant = level->is_constant,
		.is_open = true,
		/* compile_aggregate takes its node first. */
		.node = ckpt_tables_count(compiler->tables, CKPT_PLAN_NODES),
	};
	level->outer = NULL;
	status = ckpt_layout_compile(compiler, level->type, level->path, 0,
				     level, NULL, ret);
	compiler->shared[index].is_open = false;
	return status;
}

enum ckpt_status ckpt_layout_element(struct ckpt_compiler *compiler,
				     struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret)
{
	enum ckpt_status status;

	if (compiler->depth == CKPT_COMPILER_DEPTH_MAX)
		return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED,
				    "`%s`: pointers nest deeper than %d",
				    level->path, CKPT_COMPILER_DEPTH_MAX);
	compiler->depth++;
	if (level->type->kind == CKPT_TYPE_STRUCT && level->type->fields &&
	    !is_spoken_of(terms, level->path))
		status = compile_shared(compiler, level, ret);
	else
		status = ckpt_layout_compile(compiler, level->type, level->path,
					     0, level, terms, ret);
	compiler->depth--;
	return status;
}

void ckpt_layout_set_node(struct ckpt_compiler *compiler, uint32_t index,
			  const struct ckpt_plan_node *node)
{
	struct ckpt_buf *nodes = &compiler->tables->sections[CKPT_PLAN_NODES];

	if (!nodes->is_failed)
		memcpy(nodes->data + index * sizeof(*node), node,
		       sizeof(*node));
}

const struct ckpt_plan_node *ckpt_layout_node(struct ckpt_compiler *compiler,
					      uint32_t index)
{
	static const struct ckpt_plan_node none;
	struct ckpt_buf *nodes = &compiler->tables->sections[CKPT_PLAN_NODES];

	if (nodes->is_failed)
		return &none;
	return (struct ckpt_plan_node *)(void *)nodes->data + index;
}
