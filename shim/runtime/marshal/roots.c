/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/roots.h"

#include "shim/runtime/marshal/walk.h"

uint8_t *ckpt_roots_place(const struct ckpt_call *call,
			  const struct ckpt_plan_root *root)
{
	if (root->place == CKPT_PLACE_FRAME)
		return (uint8_t *)call->frame + root->off;
	return ckpt_frame_stack(call->frame) + root->off;
}

/* Where a global is in this process, as the calling thread sees it. */
static uint8_t *global_place(const struct ckpt_call *call,
			     const struct ckpt_plan_root *root)
{
	const struct ckpt_program *program = call->program;
	const uint8_t *base = NULL;

	if (root->object >= program->object_count)
		return NULL;
	if (root->kind == CKPT_ROOT_GLOBAL)
		base = (const uint8_t *)program->bases[root->object];
	else if (program->host && program->host->tls)
		base = program->host->tls(program, root->object);
	/* A program that is not PIE has base 0. */
	if (!base && root->kind != CKPT_ROOT_GLOBAL)
		return NULL;
	return (uint8_t *)((uintptr_t)base + root->off);
}

enum ckpt_status ckpt_roots_add_global(struct ckpt_call *call, uint32_t index)
{
	const struct ckpt_plan_root *root = &call->program->roots[index];
	const struct ckpt_plan_node *node = &call->program->nodes[root->node];
	struct ckpt_extent extent = {
		.address = global_place(call, root),
		.size = node->stride,
		.bound = node->stride,
		.row_size = node->stride,
		.parent = CKPT_PLAN_NONE,
		.clause = index,
		.node = root->node,
		.direction = CKPT_DIR_IN,
		.owner = CKPT_OWNER_CALLER,
		.flags = CKPT_EXTENT_IS_ROOT,
	};
	uint32_t number;

	if (root->flags & CKPT_ROOT_WRITTEN)
		extent.direction = CKPT_DIR_INOUT;
	if (root->flags & CKPT_ROOT_SCRATCH)
		extent.direction = CKPT_DIR_SCRATCH;
	if (root->flags & CKPT_ROOT_UNTYPED)
		extent.flags |= CKPT_EXTENT_IS_UNTYPED;
	if (!extent.address ||
	    !ckpt_ranges_can_read(call->ranges, extent.address, extent.size))
		return ckpt_call_refuse(call, CKPT_REFUSAL_GLOBAL_MISSING,
					CKPT_PLAN_NONE, extent.address,
					extent.size);
	return ckpt_extents_add(call, &extent, &number);
}

const uint8_t *ckpt_roots_initial(const struct ckpt_call *call,
				  const struct ckpt_extent *extent)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_plan_root *root = &program->roots[extent->clause];

	if (root->kind != CKPT_ROOT_GLOBAL || root->initial == CKPT_PLAN_NONE ||
	    !program->bases[root->object])
		return NULL;
	return (const uint8_t *)program->strings + root->initial;
}

bool ckpt_roots_find_global(const struct ckpt_call *call,
			    const uint8_t *address, uint32_t *ret)
{
	for (uint32_t i = 1; i < call->extent_count; i++) {
		const struct ckpt_extent *extent = &call->extents[i];

		if (extent->flags & CKPT_EXTENT_IS_ROOT &&
		    address >= extent->address &&
		    address < extent->address + extent->size) {
			*ret = i;
			return true;
		}
	}
	return false;
}

enum ckpt_status ckpt_roots_add_result(struct ckpt_call *call)
{
	const struct ckpt_plan_function *function = call->program->function;
	uint32_t index = function->first_root + function->root_count - 1;
	const struct ckpt_plan_root *root = NULL;
	struct ckpt_extent extent = {
		.parent = CKPT_PLAN_NONE,
		.clause = CKPT_PLAN_NONE,
		.direction = CKPT_DIR_OUT,
		.flags = CKPT_EXTENT_IS_ROOT,
	};
	uint32_t number;

	if (function->root_count)
		root = &call->program->roots[index];
	if (root && root->kind == CKPT_ROOT_RESULT) {
		extent.address = ckpt_roots_place(call, root);
		extent.size = call->program->nodes[root->node].stride;
		extent.node = root->node;
		extent.clause = index;
	}
	extent.bound = extent.size;
	extent.row_size = extent.size;
	return ckpt_extents_add(call, &extent, &number);
}
