/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_WALK_H
#define CKPT_RUNTIME_WALK_H

/*
 * From a pointer to the memory its clause describes.
 *
 * Nothing is read before it is known to be mapped, nor past an extent's end.
 *
 * Hot path: no malloc.
 */

#include "shim/runtime/marshal/eval.h"
#include "shim/runtime/marshal/extents.h"

/* A pointer in memory, and what holds it. */
struct ckpt_walk_pointer {
	uint8_t *from;		/* where it stands */
	uint32_t holder;	/* extent it stands in, or NONE: the frame */
	const uint8_t *element; /* of the holder; NULL in the frame */
	bool is_conditional;	/* counts only under a condition */
};

/* Where expressions of a clause of this pointer start from. */
struct ckpt_eval_context
ckpt_walk_context(const struct ckpt_call *call,
		  const struct ckpt_walk_pointer *pointer);

/* The clause that holds for a pointer of node `node`, of which `alternative`
 * is the number among the node's clauses. UNSUPPORTED: none does. */
enum ckpt_status ckpt_walk_choose(struct ckpt_call *call, uint32_t node,
				  const struct ckpt_walk_pointer *pointer,
				  uint32_t *ret_clause,
				  uint32_t *ret_alternative) CKPT_MUST_CHECK;

/* The extent that `clause` gives to the pointer with this value, which is not
 * NULL. `is_post`: the call has returned. What will be read (in and inout
 * before, what was created after the call) is readable. */
enum ckpt_status ckpt_walk_measure(struct ckpt_call *call, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value, bool is_post,
				   struct ckpt_extent *ret) CKPT_MUST_CHECK;

/* After the call: how much of a caller's extent was used, into its `size`. */
enum ckpt_status ckpt_walk_settle(struct ckpt_call *call,
				  uint32_t extent) CKPT_MUST_CHECK;

/* How many elements of an array field count in the element of `context`, by
 * the field's `length`: no more than fit into `room` bytes. */
enum ckpt_status ckpt_walk_length(struct ckpt_call *call,
				  const struct ckpt_plan_field *field,
				  const struct ckpt_eval_context *context,
				  uint64_t room, uint64_t *ret) CKPT_MUST_CHECK;

/* The room an array field has in the element at `at` of extent `holder` (NONE:
 * in the frame): its own, or all there is behind a flexible struct. */
uint64_t ckpt_walk_room(const struct ckpt_call *call,
			const struct ckpt_plan_field *field, const uint8_t *at,
			uint32_t holder);

/* The symbol of the function that makes the blocks of a clause. */
const char *ckpt_walk_allocator(const struct ckpt_program *program,
				const struct ckpt_plan_clause *clause);

/* And of the one that frees them; NULL: of an allocator of their own, whose
 * counterpart nobody told. */
const char *ckpt_walk_releaser(const struct ckpt_plan_clause *clause);

static inline uint8_t *ckpt_walk_value(const uint8_t *from)
{
	uint8_t *value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

#endif
