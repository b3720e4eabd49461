/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/call.h"

#include <string.h>

static void gather_arguments(const struct ckpt_program *program,
			     struct ckpt_frame *frame)
{
	const struct ckpt_plan_function *function = program->function;
	const struct ckpt_plan_move *move =
		&program->moves[function->first_move];
	uint8_t *bytes = (uint8_t *)frame;

	for (uint32_t i = 0; i < function->argument_move_count; i++, move++)
		memcpy(bytes + move->gather_off, bytes + move->register_off,
		       move->size);
}

void ckpt_call_begin(struct ckpt_call *call, const struct ckpt_program *program,
		     struct ckpt_frame *frame, struct ckpt_ranges *ranges,
		     struct ckpt_arena *arena)
{
	call->program = program;
	call->frame = frame;
	call->ranges = ranges;
	call->arena = arena;
	call->extents = call->inline_extents;
	call->extent_count = 0;
	call->extent_capacity = CKPT_CALL_EXTENTS_INLINE;
	call->pre_extent_count = 0;
	call->pre_valid = 0;
	call->index_capacity = 0;
	call->index_count = 0;
	call->root = CKPT_PLAN_NONE;
	call->refusal.kind = CKPT_REFUSAL_NONE;
	call->has_environment = false;
	call->is_random_hidden = false;
	ranges->segments =
		__atomic_load_n(&program->segments, __ATOMIC_ACQUIRE);
	if (program->function->argument_move_count)
		gather_arguments(program, frame);
}

static const struct ckpt_plan_move *
result_moves(const struct ckpt_program *program)
{
	const struct ckpt_plan_function *function = program->function;

	return &program->moves[function->first_move +
			       function->argument_move_count];
}

void ckpt_call_gather_result(struct ckpt_call *call)
{
	const struct ckpt_plan_move *move = result_moves(call->program);
	uint32_t count = call->program->function->result_move_count;
	uint8_t *bytes = (uint8_t *)call->frame;

	for (uint32_t i = 0; i < count; i++, move++)
		memcpy(bytes + move->gather_off, bytes + move->register_off,
		       move->size);
}

void ckpt_call_scatter_result(struct ckpt_call *call)
{
	const struct ckpt_plan_move *move = result_moves(call->program);
	uint32_t count = call->program->function->result_move_count;
	uint8_t *bytes = (uint8_t *)call->frame;

	for (uint32_t i = 0; i < count; i++, move++)
		memcpy(bytes + move->register_off, bytes + move->gather_off,
		       move->size);
}

enum ckpt_status ckpt_call_reserve(struct ckpt_call *call, size_t size,
				   uint64_t *ret_off)
{
	bool is_inline = call->extents == call->inline_extents;
	void *place;

	/* What stands in the arena is made of 8-byte words. */
	if (ckpt_arena_add(call->arena, (size + 7) & ~(size_t)7, &place)) {
		(void)ckpt_call_refuse(call, CKPT_REFUSAL_MEMORY,
				       CKPT_PLAN_NONE, NULL, size);
		return CKPT_NOMEM;
	}
	*ret_off = (uint64_t)((uint8_t *)place - call->arena->data);
	if (!is_inline)
		call->extents = (void *)(call->arena->data + call->extents_off);
	return CKPT_OK;
}

enum ckpt_status ckpt_call_refuse(struct ckpt_call *call,
				  enum ckpt_refusal_kind kind, uint32_t clause,
				  const void *address, uint64_t size)
{
	call->refusal = (struct ckpt_refusal){
		.kind = kind,
		.clause = clause,
		.root = call->root,
		.expr = CKPT_PLAN_NONE,
		.address = address,
		.size = size,
	};
	return CKPT_UNSUPPORTED;
}
