/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_WALK_H
#define CKPT_RUNTIME_WALK_H

/*
 * From a pointer to the memory its clause describes, and the table of what
 * was met. The table is also the list of what is still to be looked at, so
 * that walking a list of any length needs no recursion.
 *
 * Nothing is read before it is known to be mapped, nor past an extent's end.
 *
 * Hot path: no malloc; the arena when there are more than a few extents.
 */

#include "shim/runtime/eval.h"

/* A pointer in memory, and what holds it. */
struct ckpt_walk_pointer {
	uint8_t *from;		/* where it stands */
	uint32_t holder;	/* extent it stands in, or NONE: the frame */
	const uint8_t *element; /* of the holder; NULL in the frame */
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

/* Append a copy to the table. Moves the table. */
enum ckpt_status ckpt_walk_add(struct ckpt_call *call,
			       const struct ckpt_extent *extent,
			       uint32_t *ret) CKPT_MUST_CHECK;

/* The first extent from number `first` on that is `like` this one: the same
 * place and element, direction, owner and size (of blocks the call made: the
 * same place and element), and not gone. NOTFOUND, or NOMEM. */
enum ckpt_status ckpt_walk_find(struct ckpt_call *call, uint32_t first,
				const struct ckpt_extent *like,
				uint32_t *ret) CKPT_MUST_CHECK;

/* The symbol of the function that makes the blocks of a clause. */
const char *ckpt_walk_allocator(const struct ckpt_program *program,
				const struct ckpt_plan_clause *clause);

/* How many rows an extent has, each `row_size` long. */
static inline uint64_t ckpt_extent_rows(const struct ckpt_extent *extent)
{
	if (!extent->size)
		return 0;
	if (!extent->stride)
		return 1;
	return (extent->size - extent->row_size) / extent->stride + 1;
}

static inline uint8_t *ckpt_walk_value(const uint8_t *from)
{
	uint8_t *value;

	__builtin_memcpy(&value, from, sizeof(value));
	return value;
}

#endif
