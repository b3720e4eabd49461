/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/key.h"

#include "shim/runtime/guest/fpstate_x86_64.h"
#include "shim/runtime/marshal/outside.h"
#include "shim/runtime/marshal/overlap.h"
#include "shim/runtime/marshal/roots.h"
#include "shim/runtime/marshal/sink.h"
#include "shim/runtime/marshal/untyped.h"
#include "shim/runtime/marshal/walk.h"

#include <string.h>

enum { SINK_SIZE = 512, INNER_SINK_SIZE = 256 };

/* What a pointer was found to be. */
enum token {
	TOKEN_NULL,
	TOKEN_EXTENT,  /* and its size: the next number in the table */
	TOKEN_SEEN,    /* a graph node met before: its number follows */
	TOKEN_OPAQUE,  /* not NULL, and that is all that counts */
	TOKEN_OUTSIDE, /* what a file, code, or a handle stands for follows */
	TOKEN_IGNORED, /* an alternative that takes no part */
	TOKEN_ALTERNATIVE, /* which clause holds, in the upper half */
};

struct walker {
	struct ckpt_call *call;
	struct ckpt_sink *sink;
	bool is_dry; /* pointers are not followed */
};

static enum ckpt_status put_node(struct walker *w, uint32_t node,
				 const uint8_t *at,
				 const struct ckpt_walk_pointer *place,
				 uint32_t depth);

static void put_bits(struct ckpt_sink *sink, const struct ckpt_plan_node *node,
		     const uint8_t *at)
{
	uint64_t word = 0;

	memcpy(&word, at, node->size <= 8 ? node->size : 8);
	word >>= node->bit_off;
	if (node->bit_size < 64)
		word &= ((uint64_t)1 << node->bit_size) - 1;
	ckpt_sink_put_word(sink, word);
}

static enum ckpt_status put_extent(struct walker *w, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value)
{
	struct ckpt_call *call = w->call;
	struct ckpt_extent extent;
	enum ckpt_status status;
	uint32_t number;

	status =
		ckpt_walk_measure(call, clause, pointer, value, false, &extent);
	if (status)
		return status;
	/* A block that the call may free must be in the table once. */
	if (call->program->nodes[extent.node].flags & CKPT_NODE_GRAPH ||
	    ckpt_owner_is_moving(extent.owner)) {
		status = ckpt_extents_find(call, 1, &extent, &number);
		if (!status) {
			ckpt_sink_put_word(w->sink, TOKEN_SEEN);
			ckpt_sink_put_word(w->sink, number);
			return CKPT_OK;
		}
		if (status != CKPT_NOTFOUND)
			return status;
	}
	ckpt_sink_put_word(w->sink, TOKEN_EXTENT);
	ckpt_sink_put_word(w->sink, extent.size);
	ckpt_sink_put_word(w->sink, extent.bound);
	if (call->program->clauses[clause].extent == CKPT_EXTENT_SLICE)
		ckpt_sink_put_word(w->sink, (uint64_t)(extent.address - value));
	if (call->program->clauses[clause].extent == CKPT_EXTENT_ROWS) {
		ckpt_sink_put_word(w->sink, extent.stride);
		ckpt_sink_put_word(w->sink, extent.row_size);
	}
	return ckpt_extents_add(call, &extent, &number);
}

/* Never followed. Of an alias counts how far it is from what it is one of. */
static enum ckpt_status put_opaque(struct walker *w, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer)
{
	struct ckpt_eval_context context = ckpt_walk_context(w->call, pointer);
	uint32_t distance = w->call->program->clauses[clause].count;
	enum ckpt_status status;
	__int128 value;

	ckpt_sink_put_word(w->sink, TOKEN_OPAQUE);
	if (distance == CKPT_PLAN_NONE)
		return CKPT_OK;
	status = ckpt_eval(w->call, distance, &context, &value);
	if (status) {
		w->call->refusal.clause = clause;
		return status;
	}
	ckpt_sink_put_value(w->sink, value);
	return CKPT_OK;
}

/* One that is not NULL, under the clause that holds for it. */
static enum ckpt_status put_target(struct walker *w, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value)
{
	const struct ckpt_plan_clause *c = &w->call->program->clauses[clause];

	if (c->flags & CKPT_CLAUSE_CREATED) {
		ckpt_sink_put_word(w->sink, TOKEN_OPAQUE);
		return CKPT_OK;
	}
	switch (c->extent) {
	case CKPT_EXTENT_IGNORE:
		ckpt_sink_put_word(w->sink, TOKEN_IGNORED);
		return CKPT_OK;
	case CKPT_EXTENT_OPAQUE:
		return put_opaque(w, clause, pointer);
	case CKPT_EXTENT_NONE:
		return ckpt_call_refuse(w->call, CKPT_REFUSAL_NOT_NULL, clause,
					value, 0);
	case CKPT_EXTENT_CODE:
	case CKPT_EXTENT_FILE:
	case CKPT_EXTENT_HANDLE:
		ckpt_sink_put_word(w->sink, TOKEN_OUTSIDE);
		return ckpt_outside_put(w->call, w->sink, clause, pointer,
					value);
	case CKPT_EXTENT_REFUSE:
		return ckpt_call_refuse(w->call, CKPT_REFUSAL_NO_CLAUSE, clause,
					value, 0);
	default:
		return put_extent(w, clause, pointer, value);
	}
}

static enum ckpt_status put_pointer(struct walker *w, uint32_t node,
				    const struct ckpt_walk_pointer *pointer)
{
	const struct ckpt_plan_node *n = &w->call->program->nodes[node];
	uint8_t *value = ckpt_walk_value(pointer->from);
	enum ckpt_status status;
	uint32_t clause = n->first;
	uint32_t alternative = 0;

	if (w->is_dry) {
		ckpt_sink_put_word(w->sink, value != NULL);
		return CKPT_OK;
	}
	if (n->count == 1 &&
	    w->call->program->clauses[clause].condition == CKPT_PLAN_NONE) {
		if (w->call->program->clauses[clause].extent ==
		    CKPT_EXTENT_IGNORE)
			return CKPT_OK;
	} else if (value) {
		status = ckpt_walk_choose(w->call, node, pointer, &clause,
					  &alternative);
		if (status)
			return status;
		ckpt_sink_put_word(w->sink,
				   TOKEN_ALTERNATIVE | (uint64_t)alternative
							       << 32);
	}
	if (value)
		return put_target(w, clause, pointer, value);
	ckpt_sink_put_word(w->sink, TOKEN_NULL);
	return CKPT_OK;
}

static enum ckpt_status
put_array(struct walker *w, const struct ckpt_plan_node *n, const uint8_t *at,
	  const struct ckpt_walk_pointer *place, uint32_t depth)
{
	const struct ckpt_plan_node *element =
		&w->call->program->nodes[n->first];
	enum ckpt_status status;

	if (element->flags & CKPT_NODE_DENSE) {
		ckpt_sink_put_content(w->sink, at,
				      (uint64_t)element->stride * n->count);
		return CKPT_OK;
	}
	for (uint32_t i = 0; i < n->count; i++, at += element->stride) {
		status = put_node(w, n->first, at, place, depth + 1);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static struct ckpt_eval_context
field_context(const struct ckpt_call *call, const uint8_t *at,
	      const struct ckpt_walk_pointer *place)
{
	struct ckpt_walk_pointer element = {
		.holder = place->holder,
		.element = at,
	};

	return ckpt_walk_context(call, &element);
}

/* As many elements of an array as count, and how many these are. */
static enum ckpt_status put_counted(struct walker *w,
				    const struct ckpt_plan_field *field,
				    const uint8_t *at,
				    const struct ckpt_walk_pointer *place,
				    uint32_t depth)
{
	const struct ckpt_program *program = w->call->program;
	const struct ckpt_eval_context context =
		field_context(w->call, at, place);
	struct ckpt_plan_node node = program->nodes[field->node];
	uint64_t count;
	enum ckpt_status status;

	status = ckpt_walk_length(
		w->call, field, &context,
		ckpt_walk_room(w->call, field, at, place->holder), &count);
	if (status)
		return status;
	ckpt_sink_put_word(w->sink, count);
	node.count = (uint32_t)count;
	return put_array(w, &node, at + field->off, place, depth);
}

static enum ckpt_status put_field(struct walker *w,
				  const struct ckpt_plan_field *field,
				  const uint8_t *at,
				  const struct ckpt_walk_pointer *place,
				  uint32_t depth)
{
	enum ckpt_status status;
	bool is_live;

	if (field->condition != CKPT_PLAN_NONE) {
		const struct ckpt_eval_context context =
			field_context(w->call, at, place);

		status = ckpt_eval_is_true(w->call, field->condition, &context,
					   &is_live);
		if (status)
			return status;
		ckpt_sink_put_word(w->sink, is_live);
		if (!is_live)
			return CKPT_OK;
	}
	if (field->length != CKPT_PLAN_NONE)
		return put_counted(w, field, at, place, depth + 1);
	return put_node(w, field->node, at + field->off, place, depth + 1);
}

static enum ckpt_status
put_fields(struct walker *w, const struct ckpt_plan_node *n, const uint8_t *at,
	   const struct ckpt_walk_pointer *place, uint32_t depth)
{
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; !status && i < n->count; i++)
		status = put_field(w, &w->call->program->fields[n->first + i],
				   at, place, depth);
	return status;
}

static enum ckpt_status put_node(struct walker *w, uint32_t node,
				 const uint8_t *at,
				 const struct ckpt_walk_pointer *place,
				 uint32_t depth)
{
	const struct ckpt_plan_node *n = &w->call->program->nodes[node];
	struct ckpt_walk_pointer pointer = *place;

	if (depth > CKPT_NODE_DEPTH_MAX)
		return ckpt_call_refuse(w->call, CKPT_REFUSAL_LIMIT,
					CKPT_PLAN_NONE, at, depth);
	switch (n->kind) {
	case CKPT_NODE_BYTES:
		ckpt_sink_put_content(w->sink, at, n->size);
		return CKPT_OK;
	case CKPT_NODE_BITS:
		put_bits(w->sink, n, at);
		return CKPT_OK;
	case CKPT_NODE_STRUCT:
		return put_fields(w, n, at, place, depth);
	case CKPT_NODE_ARRAY:
		return put_array(w, n, at, place, depth);
	case CKPT_NODE_REFUSE:
		return ckpt_call_refuse(w->call, CKPT_REFUSAL_NO_CLAUSE,
					n->first, NULL, 0);
	case CKPT_NODE_POINTER:
		pointer.from = (uint8_t *)at;
		return put_pointer(w, node, &pointer);
	default:
		return CKPT_OK;
	}
}

/* The elements of an extent, row by row. */
static enum ckpt_status put_elements(struct walker *w,
				     struct ckpt_extent extent, uint32_t number)
{
	const struct ckpt_plan_node *n = &w->call->program->nodes[extent.node];
	struct ckpt_walk_pointer place = {.holder = number};
	uint64_t rows = ckpt_extent_rows(&extent);
	uint64_t step = ckpt_extent_step(w->call->program, &extent);
	enum ckpt_status status;

	if (extent.flags & CKPT_EXTENT_IS_UNTYPED)
		return ckpt_untyped_put(w->call, w->sink, &extent);
	for (uint64_t row = 0; row < rows; row++) {
		const uint8_t *at = extent.address + row * extent.stride;
		const uint8_t *end = at + extent.row_size;

		if (n->flags & CKPT_NODE_DENSE) {
			ckpt_sink_put_content(w->sink, at, extent.row_size);
			continue;
		}
		for (; step && at < end; at += step) {
			place.element = at;
			status = put_node(w, extent.node, at, &place, 0);
			if (status)
				return status;
		}
	}
	return CKPT_OK;
}

enum ckpt_status ckpt_key_digest(struct ckpt_call *call,
				 const struct ckpt_extent *extent,
				 uint32_t number, struct ckpt_hash128 *ret)
{
	uint8_t bytes[INNER_SINK_SIZE];
	struct ckpt_sink sink = {
		.secret = call->secret,
		.bytes = bytes,
		.capacity = sizeof(bytes),
	};
	struct walker w = {.call = call, .sink = &sink, .is_dry = true};
	bool is_dense =
		call->program->nodes[extent->node].flags & CKPT_NODE_DENSE;
	enum ckpt_status status;

	if (is_dense && !extent->stride &&
	    !(extent->flags & CKPT_EXTENT_IS_UNTYPED)) {
		*ret = ckpt_hash(call->secret, extent->address, extent->size);
		return CKPT_OK;
	}
	status = put_elements(&w, *extent, number);
	if (!status)
		*ret = ckpt_sink_digest(&sink);
	return status;
}

static enum ckpt_status save_extent(struct ckpt_call *call, uint32_t number)
{
	uint64_t size = call->extents[number].size;
	enum ckpt_status status;
	struct ckpt_extent *extent;
	uint64_t off;

	status = ckpt_call_reserve(call, size, &off);
	if (status)
		return status;
	extent = &call->extents[number];
	memcpy(call->arena->data + off, extent->address, size);
	extent->saved = off;
	extent->flags |= CKPT_EXTENT_IS_SAVED;
	return CKPT_OK;
}

/* What the call may change. Of a flat extent the digest is kept, to see
 * whether it did; of others the content, to see what. */
static enum ckpt_status put_changing(struct walker *w, uint32_t number)
{
	struct ckpt_call *call = w->call;
	struct ckpt_extent *extent = &call->extents[number];
	struct ckpt_hash128 digest;
	enum ckpt_status status;

	if (!(call->program->nodes[extent->node].flags & CKPT_NODE_FLAT)) {
		status = save_extent(call, number);
		return status ? status
			      : put_elements(w, call->extents[number], number);
	}
	status = ckpt_key_digest(call, extent, number, &digest);
	if (status)
		return status;
	ckpt_sink_put_digest(w->sink, digest);
	extent->digest = digest;
	extent->flags |= CKPT_EXTENT_IS_DIGESTED;
	return CKPT_OK;
}

static enum ckpt_status put_one(struct walker *w, uint32_t number)
{
	const struct ckpt_extent *extent = &w->call->extents[number];

	if (w->call->program->function->flags & CKPT_FUNCTION_ALIGNMENT)
		ckpt_sink_put_word(w->sink, (uintptr_t)extent->address % 64);
	/* The path of a file is not what counts. */
	if (extent->flags & CKPT_EXTENT_IS_FILE)
		return CKPT_OK;
	switch (extent->direction) {
	case CKPT_DIR_IN:
		return put_elements(w, *extent, number);
	case CKPT_DIR_INOUT:
		return put_changing(w, number);
	default:
		return CKPT_OK;
	}
}

/* The table grows while it is worked off. */
static enum ckpt_status put_extents(struct walker *w)
{
	enum ckpt_status status;

	for (uint32_t i = 1; i < w->call->extent_count; i++) {
		const struct ckpt_extent *extent = &w->call->extents[i];

		w->call->root = extent->flags & CKPT_EXTENT_IS_ROOT
					? extent->clause
					: CKPT_PLAN_NONE;
		status = put_one(w, i);
		if (status) {
			if (w->call->refusal.clause == CKPT_PLAN_NONE &&
			    !(extent->flags & CKPT_EXTENT_IS_ROOT))
				w->call->refusal.clause =
					w->call->extents[i].clause;
			return status;
		}
	}
	w->call->root = CKPT_PLAN_NONE;
	return CKPT_OK;
}

/* ---- roots ---- */

static void put_head(struct ckpt_sink *sink, const struct ckpt_call *call)
{
	const struct ckpt_plan_function *function = call->program->function;

	ckpt_sink_put_word(sink, (uint64_t)CKPT_KEY_SCHEME << 32 |
					 ckpt_fpstate_control());
	ckpt_sink_put_digest(sink, function->program_digest);
	ckpt_sink_put_digest(sink, function->code_digest);
	ckpt_sink_put_word(sink, call->has_environment);
	if (call->has_environment)
		ckpt_sink_put_digest(sink, call->environment);
}

/* Does the result depend on what only memo can have digested? */
static bool lacks_environment(const struct ckpt_call *call)
{
	const struct ckpt_plan_function *function = call->program->function;
	uint32_t machine = CKPT_FUNCTION_CPU | CKPT_FUNCTION_THREADS |
			   CKPT_FUNCTION_LOCALE | CKPT_FUNCTION_ERRNO |
			   CKPT_FUNCTION_FP_FLAGS;

	return (function->input_count || function->flags & machine) &&
	       !call->has_environment;
}

static enum ckpt_status check_conditions(struct ckpt_call *call)
{
	const struct ckpt_plan_function *function = call->program->function;
	struct ckpt_eval_context context = {.parent = CKPT_PLAN_NONE};
	enum ckpt_status status;
	bool is_true;

	if (function->bypass_if != CKPT_PLAN_NONE) {
		status = ckpt_eval_is_true(call, function->bypass_if, &context,
					   &is_true);
		if (status)
			return status;
		if (is_true)
			return ckpt_call_refuse(call, CKPT_REFUSAL_BYPASS,
						CKPT_PLAN_NONE, NULL, 0);
	}
	status = ckpt_eval_is_true(call, function->require, &context, &is_true);
	if (status)
		return status;
	if (!is_true)
		return ckpt_call_refuse(call, CKPT_REFUSAL_REQUIRE,
					CKPT_PLAN_NONE, NULL, 0);
	return CKPT_OK;
}

/* One that cannot be computed now is a fact as well: it may never be used. */
static void put_pre(struct ckpt_sink *sink, struct ckpt_call *call)
{
	const struct ckpt_plan_function *function = call->program->function;
	struct ckpt_eval_context context = {.parent = CKPT_PLAN_NONE};
	struct ckpt_refusal refusal = call->refusal;

	for (uint32_t i = 0; i < function->pre_count; i++) {
		__int128 value = 0;

		if (!ckpt_eval(call, function->first_pre + i, &context, &value))
			call->pre_valid |= 1u << i;
		call->pre[i] = value;
		ckpt_sink_put_word(sink, call->pre_valid >> i & 1);
		ckpt_sink_put_value(sink, value);
	}
	call->refusal = refusal;
}

static enum ckpt_status put_parameter(struct walker *w,
				      const struct ckpt_plan_root *root)
{
	const struct ckpt_plan_node *node =
		&w->call->program->nodes[root->node];
	const struct ckpt_walk_pointer place = {.holder = CKPT_PLAN_NONE};
	const uint8_t *at = ckpt_roots_place(w->call, root);
	uint64_t word;

	if (node->kind != CKPT_NODE_BYTES || node->size > 8)
		return put_node(w, root->node, at, &place, 0);
	/* Every argument has at least 8 bytes of its own (psABI 3.2.3); what
	 * is above its size is not its value. */
	memcpy(&word, at, sizeof(word));
	if (node->size < 8)
		word &= ((uint64_t)1 << node->size * 8) - 1;
	ckpt_sink_put_word(w->sink, word);
	return CKPT_OK;
}

static enum ckpt_status put_roots(struct walker *w)
{
	struct ckpt_call *call = w->call;
	const struct ckpt_plan_function *function = call->program->function;
	enum ckpt_status status;

	status = ckpt_roots_add_result(call);
	for (uint32_t i = 0; !status && i < function->root_count; i++) {
		const struct ckpt_plan_root *root =
			&call->program->roots[function->first_root + i];

		call->root = function->first_root + i;
		if (root->kind == CKPT_ROOT_PARAMETER)
			status = put_parameter(w, root);
		else if (root->kind != CKPT_ROOT_RESULT)
			status = ckpt_roots_add_global(
				call, function->first_root + i);
	}
	if (!status)
		call->root = CKPT_PLAN_NONE;
	return status;
}

enum ckpt_status ckpt_key_compute(struct ckpt_call *call,
				  const struct ckpt_hash_secret *secret,
				  struct ckpt_hash128 *ret)
{
	uint8_t bytes[SINK_SIZE];
	struct ckpt_sink sink = {
		.secret = secret,
		.bytes = bytes,
		.capacity = sizeof(bytes),
	};
	struct walker w = {.call = call, .sink = &sink};
	enum ckpt_status status;

	call->secret = secret;
	if (lacks_environment(call))
		return ckpt_call_refuse(call, CKPT_REFUSAL_ENVIRONMENT,
					CKPT_PLAN_NONE, NULL, 0);
	status = check_conditions(call);
	if (status)
		return status;
	put_head(&sink, call);
	put_pre(&sink, call);
	status = put_roots(&w);
	if (!status)
		status = put_extents(&w);
	if (!status)
		status = ckpt_overlap_put(call, &sink);
	if (status)
		return status;
	call->pre_extent_count = call->extent_count;
	*ret = ckpt_sink_digest(&sink);
	return CKPT_OK;
}
