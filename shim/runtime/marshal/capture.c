/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/capture.h"

#include "shim/runtime/marshal/created.h"
#include "shim/runtime/marshal/emit.h"
#include "shim/runtime/marshal/outside.h"
#include "shim/runtime/marshal/overlap.h"
#include "shim/runtime/marshal/roots.h"

#include <string.h>

struct capture {
	struct ckpt_call *call;
	struct ckpt_emit emit;
	struct ckpt_overlap before; /* the caller's extents */
	struct ckpt_overlap all;    /* those and the created ones */
};

static const struct ckpt_plan_clause *clause_of(const struct ckpt_call *call,
						uint32_t clause)
{
	return &call->program->clauses[clause];
}

static bool has_symbol(const struct ckpt_call *call, const char *symbol)
{
	const struct ckpt_program_host *host = call->program->host;

	return host && host->symbol && host->symbol(call->program, symbol);
}

static bool has_releaser(const struct ckpt_call *call,
			 const struct ckpt_extent *extent)
{
	const char *symbol =
		ckpt_walk_releaser(clause_of(call, extent->clause));

	return symbol && has_symbol(call, symbol);
}

/* A number that is an address of this process (of a stack, a block, a handle
 * told as an integer) would be another one in the next. Programs at low
 * addresses have many numbers that could be one: only above them. */
static enum ckpt_status check_result(struct ckpt_call *call)
{
	const struct ckpt_extent *result = &call->extents[0];
	const struct ckpt_plan_node *node = &call->program->nodes[result->node];
	const uint8_t *value;

	if (!result->size || node->kind != CKPT_NODE_BYTES ||
	    node->size != sizeof(value))
		return CKPT_OK;
	value = ckpt_walk_value(result->address);
	if ((uintptr_t)value >> 32 == 0 ||
	    ckpt_ranges_find_address(call->ranges, result->address, 0,
				     result->size, NULL))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_RESULT_ADDRESS,
				CKPT_PLAN_NONE, value, 0);
}

static enum ckpt_status check_store_if(struct ckpt_call *call)
{
	struct ckpt_eval_context context = {.parent = CKPT_PLAN_NONE};
	enum ckpt_status status;
	bool is_true;

	status = ckpt_eval_is_true(call, call->program->function->store_if,
				   &context, &is_true);
	if (status)
		return status;
	if (!is_true)
		return ckpt_call_refuse(call, CKPT_REFUSAL_STORE_IF,
					CKPT_PLAN_NONE, NULL, 0);
	return CKPT_OK;
}

/* How much of each extent is used now. What was freed is not looked at. */
static enum ckpt_status settle_extents(struct ckpt_call *call)
{
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; !status && i < call->pre_extent_count; i++) {
		struct ckpt_extent *extent = &call->extents[i];

		if (extent->owner == CKPT_OWNER_FREED)
			extent->flags |= CKPT_EXTENT_IS_GONE;
		status = ckpt_outside_check(call, i);
		if (status)
			return status;
		if (ckpt_owner_is_moving(extent->owner))
			extent->flags |= CKPT_EXTENT_IS_MOVING;
		else if (ckpt_extent_is_captured(extent))
			status = ckpt_walk_settle(call, i);
	}
	return status;
}

/* ---- what was found ---- */

static bool is_block(const struct ckpt_extent *extent)
{
	return extent->flags & CKPT_EXTENT_IS_CREATED &&
	       !(extent->flags & CKPT_EXTENT_IS_STATIC);
}

/* A block of an allocator overlaps nothing else, or the contract is wrong. */
static enum ckpt_status check_apart(void *argument, uint32_t a, uint32_t b)
{
	struct ckpt_call *call = argument;
	const struct ckpt_extent *x = &call->extents[a];
	const struct ckpt_extent *y = &call->extents[b];

	if ((!is_block(x) && !is_block(y)) || !ckpt_overlap_size(x) ||
	    !ckpt_overlap_size(y))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_OVERLAP,
				is_block(y) ? y->clause : x->clause, y->address,
				y->size);
}

/* ---- writing it down ---- */

/* A place in a loaded object: NOTFOUND if it is in none. */
static enum ckpt_status find_in_objects(const struct capture *c,
					const uint8_t *value,
					struct ckpt_effect *effect)
{
	const struct ckpt_program *program = c->call->program;
	const struct ckpt_segment *segment;

	segment = ckpt_ranges_segment(c->call->ranges, value);
	if (!segment || segment->object >= program->object_count)
		return CKPT_NOTFOUND;
	effect->target = CKPT_TARGET_OBJECT;
	effect->identity = program->objects[segment->object].identity;
	effect->target_off = (uintptr_t)value - program->bases[segment->object];
	if (!effect->identity.lo && !effect->identity.hi)
		return ckpt_call_refuse(c->call, CKPT_REFUSAL_UNKNOWN_OBJECT,
					CKPT_PLAN_NONE, value, 0);
	return CKPT_OK;
}

static void set_target(const struct capture *c, uint32_t number,
		       const uint8_t *value, struct ckpt_effect *effect)
{
	effect->target = CKPT_TARGET_EXTENT;
	effect->target_extent = number;
	effect->target_off =
		(uint64_t)(value - c->call->extents[number].address);
}

/* Where a pointer leads: NOTFOUND if nowhere we know. */
static enum ckpt_status find_target(const struct capture *c,
				    const uint8_t *value,
				    struct ckpt_effect *effect)
{
	uint32_t number;

	if (ckpt_overlap_find(c->call, &c->all, value, &number))
		return find_in_objects(c, value, effect);
	set_target(c, number, value, effect);
	return CKPT_OK;
}

/* An alias leads into the memory of the pointer it is one of, also where it
 * leads just behind it and another block begins there. */
static enum ckpt_status find_alias(const struct capture *c, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   const uint8_t *value,
				   struct ckpt_effect *effect)
{
	struct ckpt_call *call = c->call;
	const struct ckpt_plan_clause *entry = clause_of(call, clause);
	struct ckpt_eval_context context = ckpt_walk_context(call, pointer);
	struct ckpt_refusal refusal = call->refusal;
	const struct ckpt_extent *extent;
	uint32_t number;
	__int128 distance;

	if (entry->owner != CKPT_OWNER_ALIAS || entry->count == CKPT_PLAN_NONE)
		return find_target(c, value, effect);
	if (ckpt_eval(call, entry->count, &context, &distance)) {
		call->refusal = refusal;
		return find_target(c, value, effect);
	}
	if (ckpt_overlap_find(call, &c->all, value - (intptr_t)distance,
			      &number))
		return find_target(c, value, effect);
	extent = &call->extents[number];
	if (value < extent->address ||
	    value > extent->address + ckpt_overlap_size(extent))
		return find_target(c, value, effect);
	set_target(c, number, value, effect);
	return CKPT_OK;
}

/* Where a static result is: in a global of the closure, which may move with
 * its object's next build, or just somewhere in an object. */
static enum ckpt_status find_static(const struct capture *c,
				    const uint8_t *value,
				    struct ckpt_effect *effect)
{
	uint32_t number;

	if (!ckpt_roots_find_global(c->call, value, &number))
		return find_in_objects(c, value, effect);
	set_target(c, number, value, effect);
	return CKPT_OK;
}

static enum ckpt_status unknown_target(const struct capture *c,
				       enum ckpt_status status, uint32_t clause,
				       const uint8_t *value)
{
	if (status == CKPT_NOTFOUND)
		return ckpt_call_refuse(c->call, CKPT_REFUSAL_UNKNOWN_TARGET,
					clause, value, 0);
	if (status)
		c->call->refusal.clause = clause;
	return status;
}

static enum ckpt_status emit_block(struct capture *c, uint32_t number)
{
	struct ckpt_call *call = c->call;
	const struct ckpt_extent *extent = &call->extents[number];
	struct ckpt_effect effect = {
		.op = CKPT_EFFECT_ALLOC,
		.clause =
			extent->clause - call->program->function->first_clause,
		.size = extent->size,
		.capacity = extent->bound,
	};
	enum ckpt_status status;

	if (extent->flags & CKPT_EXTENT_IS_STATIC) {
		effect.op = CKPT_EFFECT_STATIC;
		status = find_static(c, extent->address, &effect);
		status = unknown_target(c, status, extent->clause,
					extent->address);
		if (status)
			return status;
	} else if (!has_symbol(call,
			       ckpt_walk_allocator(
				       call->program,
				       clause_of(call, extent->clause)))) {
		return ckpt_call_refuse(call, CKPT_REFUSAL_ALLOCATOR,
					extent->clause, NULL, 0);
	}
	return ckpt_emit_effect(&c->emit, &effect);
}

static enum ckpt_status emit_pointer(void *argument, uint32_t node,
				     const struct ckpt_walk_pointer *pointer)
{
	struct capture *c = argument;
	struct ckpt_call *call = c->call;
	struct ckpt_effect effect = {
		.op = CKPT_EFFECT_POINTER,
		.extent = pointer->holder,
		.off = (uint64_t)(pointer->from -
				  call->extents[pointer->holder].address),
	};
	struct ckpt_extent like = {.flags = CKPT_EXTENT_IS_CREATED};
	uint8_t *value = ckpt_walk_value(pointer->from);
	uint32_t clause = CKPT_PLAN_NONE;
	enum ckpt_status status;
	uint32_t alternative;
	uint8_t *old;

	if (call->program->nodes[node].count == 1)
		clause = call->program->nodes[node].first;
	if (value || clause == CKPT_PLAN_NONE)
		status = ckpt_walk_choose(call, node, pointer, &clause,
					  &alternative);
	else
		status = CKPT_OK;
	/* NULL needs no clause. */
	if (status && value)
		return status;
	if (!status && clause_of(call, clause)->extent == CKPT_EXTENT_IGNORE)
		return CKPT_OK;
	like.address = value;
	like.node = status ? CKPT_PLAN_NONE : clause_of(call, clause)->node;
	/* One that did not count before may differ elsewhere. */
	if (!pointer->is_conditional &&
	    ckpt_created_old_value(call, pointer, &old) && old == value &&
	    (!value || ckpt_extents_find(call, call->pre_extent_count, &like,
					 &alternative)))
		return CKPT_OK;
	if (value) {
		status = clause == CKPT_PLAN_NONE
				 ? find_target(c, value, &effect)
				 : find_alias(c, clause, pointer, value,
					      &effect);
		status = unknown_target(c, status, clause, value);
		if (status)
			return status;
	}
	return ckpt_emit_effect(&c->emit, &effect);
}

static enum ckpt_status emit_address(void *argument, uint32_t extent,
				     uint64_t off, const uint8_t *value)
{
	struct capture *c = argument;
	struct ckpt_effect effect = {
		.op = CKPT_EFFECT_POINTER,
		.extent = extent,
		.off = off,
	};
	enum ckpt_status status;

	status = find_target(c, value, &effect);
	if (status == CKPT_NOTFOUND)
		return ckpt_call_refuse(c->call, CKPT_REFUSAL_GLOBAL_ADDRESS,
					CKPT_PLAN_NONE,
					c->call->extents[extent].address,
					c->call->extents[extent].size);
	return status ? status : ckpt_emit_effect(&c->emit, &effect);
}

static enum ckpt_status emit_freed(struct capture *c)
{
	struct ckpt_call *call = c->call;
	struct ckpt_effect effect = {.op = CKPT_EFFECT_FREE};
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 1; !status && i < call->pre_extent_count; i++) {
		if (!(call->extents[i].flags & CKPT_EXTENT_IS_GONE))
			continue;
		if (!has_releaser(call, &call->extents[i]))
			return ckpt_call_refuse(call, CKPT_REFUSAL_ALLOCATOR,
						call->extents[i].clause, NULL,
						0);
		effect.extent = i;
		status = ckpt_emit_effect(&c->emit, &effect);
	}
	return status;
}

static enum ckpt_status emit_all(struct capture *c)
{
	struct ckpt_call *call = c->call;
	struct ckpt_effect end = {
		.op = CKPT_EFFECT_END,
		.extent = call->extent_count,
	};
	enum ckpt_status status = CKPT_OK;

	if (ckpt_effect_begin(c->emit.out, call->pre_extent_count))
		return ckpt_call_refuse(call, CKPT_REFUSAL_MEMORY,
					CKPT_PLAN_NONE, NULL, 0);
	for (uint32_t i = call->pre_extent_count;
	     !status && i < call->extent_count; i++)
		status = emit_block(c, i);
	for (uint32_t i = 0; !status && i < call->extent_count; i++) {
		if (!ckpt_extent_is_captured(&call->extents[i]))
			continue;
		call->root = call->extents[i].flags & CKPT_EXTENT_IS_ROOT
				     ? call->extents[i].clause
				     : CKPT_PLAN_NONE;
		status = ckpt_emit_content(&c->emit, i);
		if (!status)
			status = ckpt_emit_pointers(call, i, emit_pointer, c);
	}
	if (!status)
		status = emit_freed(c);
	return status ? status : ckpt_emit_effect(&c->emit, &end);
}

enum ckpt_status ckpt_capture(struct ckpt_call *call, struct ckpt_arena *out)
{
	struct capture c = {.call = call};
	enum ckpt_status status;

	c.emit = (struct ckpt_emit){call, out, emit_address, &c};
	/* What was there before may be unmapped now, contract or not. */
	call->ranges->count = 0;
	call->ranges->next = 0;
	ckpt_call_gather_result(call);
	status = check_store_if(call);
	if (!status)
		status = check_result(call);
	if (!status)
		status = settle_extents(call);
	if (!status)
		status = ckpt_overlap_init(call, 1, &c.before);
	if (!status)
		status = ckpt_created_find(call, &c.before);
	if (!status)
		status = ckpt_overlap_init(call, 1, &c.all);
	if (!status && call->extent_count > call->pre_extent_count)
		status = ckpt_overlap_pairs(call, &c.all, false, check_apart,
					    call);
	return status ? status : emit_all(&c);
}
