/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OVERLAP_H
#define CKPT_RUNTIME_OVERLAP_H

/*
 * Which extents of a call share memory, and which one an address lies in:
 * f(a, a) and f(a, copy) are different calls, and a pointer into an argument
 * is recorded as that argument plus an offset.
 *
 * Hot path; uses the call's arena once there are more than a few extents.
 */

#include "shim/runtime/marshal/call.h"
#include "shim/runtime/marshal/sink.h"

/* Extents by address. Valid until the table of extents changes. */
struct ckpt_overlap {
	uint64_t off; /* of the sorted entries in the call's arena */
	uint32_t count;
	uint32_t first; /* extents with smaller numbers are left out */
};

/* Sort the extents from number `first` on that are not gone. */
enum ckpt_status ckpt_overlap_init(struct ckpt_call *call, uint32_t first,
				   struct ckpt_overlap *ret) CKPT_MUST_CHECK;

/* Bytes of an extent that count for overlaps: what is read, or may be
 * written. */
static inline uint64_t ckpt_overlap_size(const struct ckpt_extent *extent)
{
	return extent->bound > extent->size ? extent->bound : extent->size;
}

/* Call `visit` for every pair that shares a byte, or with `is_touching` only
 * meets end to start; in no particular order, the lower address first.
 * Stops at the first status that is not OK and returns it. */
enum ckpt_status ckpt_overlap_pairs(
	struct ckpt_call *call, const struct ckpt_overlap *overlap,
	bool is_touching,
	enum ckpt_status (*visit)(void *argument, uint32_t a, uint32_t b),
	void *argument) CKPT_MUST_CHECK;

/* An extent with `address` inside it or, if there is none, just behind it.
 * NOTFOUND: neither. */
enum ckpt_status ckpt_overlap_find(const struct ckpt_call *call,
				   const struct ckpt_overlap *overlap,
				   const uint8_t *address,
				   uint32_t *ret) CKPT_MUST_CHECK;

/* The same, one that starts there and that `is_wanted`. */
enum ckpt_status
ckpt_overlap_find_start(const struct ckpt_call *call,
			const struct ckpt_overlap *overlap,
			const uint8_t *address,
			bool (*is_wanted)(const void *argument,
					  const struct ckpt_extent *extent),
			const void *argument, uint32_t *ret) CKPT_MUST_CHECK;

/* How the extents met so far overlap, as far as it is an input of the call:
 * where one of two is written, or where pointers into them may come back. */
enum ckpt_status ckpt_overlap_put(struct ckpt_call *call,
				  struct ckpt_sink *sink) CKPT_MUST_CHECK;

#endif
