/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EXTENTS_H
#define CKPT_RUNTIME_EXTENTS_H

/*
 * The table of the extents that were met in a call. It is also the list of
 * what is still to be looked at, so that walking a list of any length needs no
 * recursion.
 *
 * Hot path: no malloc; the arena when there are more than a few extents.
 */

#include "shim/runtime/marshal/call.h"

/* Append a copy to the table. Moves the table. */
enum ckpt_status ckpt_extents_add(struct ckpt_call *call,
				  const struct ckpt_extent *extent,
				  uint32_t *ret) CKPT_MUST_CHECK;

/* The first extent from number `first` on that is `like` this one: the same
 * place and element, direction, owner and size (of blocks the call made: the
 * same place and element), and not gone. NOTFOUND, or NOMEM. */
enum ckpt_status ckpt_extents_find(struct ckpt_call *call, uint32_t first,
				   const struct ckpt_extent *like,
				   uint32_t *ret) CKPT_MUST_CHECK;

/* Are elements of the two nodes the same? Plain bytes of one size are,
 * wherever they were described. */
bool ckpt_extents_is_same_element(const struct ckpt_program *program,
				  uint32_t a, uint32_t b);

/* Is it a block of the caller's that the call may move, hand on or free? */
static inline bool ckpt_owner_is_moving(uint8_t owner)
{
	return owner == CKPT_OWNER_REALLOC || owner == CKPT_OWNER_RENEW ||
	       owner == CKPT_OWNER_RENEW_ARRAY;
}

/* Can the call have changed what is in it? */
static inline bool ckpt_extent_is_captured(const struct ckpt_extent *extent)
{
	if (extent->flags & CKPT_EXTENT_IS_GONE)
		return false;
	return extent->flags & CKPT_EXTENT_IS_CREATED ||
	       extent->direction == CKPT_DIR_OUT ||
	       extent->direction == CKPT_DIR_INOUT;
}

/* How many rows an extent has, each `row_size` long. */
static inline uint64_t ckpt_extent_rows(const struct ckpt_extent *extent)
{
	if (!extent->size)
		return 0;
	if (!extent->stride)
		return 1;
	return (extent->size - extent->row_size) / extent->stride + 1;
}

/* Bytes from one element to the next. A struct that ends with an array of its
 * own length is alone. */
static inline uint64_t ckpt_extent_step(const struct ckpt_program *program,
					const struct ckpt_extent *extent)
{
	const struct ckpt_plan_node *node = &program->nodes[extent->node];

	return node->flags & CKPT_NODE_FLEXIBLE ? extent->size : node->stride;
}

#endif
