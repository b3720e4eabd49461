/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_EFFECTSTREAM_H
#define CKPT_COMMON_EFFECTSTREAM_H

/*
 * The effects stream: what a recorded call did to memory, as bytes. It names
 * extents by number and never by address, and needs no types to be replayed.
 *
 *   stream := version, count of extents before the call, effect …, END
 *   effect := op byte, LEB128 numbers by op, payload of BYTES
 *
 * ALLOC and STATIC come first and number the extents they make from the count
 * on, in order. Reading is bounds-checked; hot path.
 */

#include "shim/common/buf.h"
#include "shim/common/hash.h"

enum { CKPT_EFFECT_VERSION = 1 };

enum ckpt_effect_op {
	CKPT_EFFECT_END,    /* extent: how many there are now */
	CKPT_EFFECT_ALLOC,  /* clause, size, capacity → the next extent */
	CKPT_EFFECT_STATIC, /* clause, size, target → the next extent */
	/* `count` stretches of `size` bytes, `stride` apart, at `off` of
	 * `extent`; then the bytes themselves. */
	CKPT_EFFECT_BYTES,
	CKPT_EFFECT_BITS,    /* extent, off, bit_off, bit_size, value */
	CKPT_EFFECT_POINTER, /* extent, off, target */
	CKPT_EFFECT_FREE,    /* extent */
	CKPT_EFFECT_OP_COUNT
};

enum ckpt_effect_target {
	CKPT_TARGET_NULL,
	CKPT_TARGET_EXTENT, /* target_extent + target_off */
	CKPT_TARGET_OBJECT, /* the loaded object of this identity + off */
	CKPT_TARGET_COUNT
};

struct ckpt_effect {
	enum ckpt_effect_op op;
	enum ckpt_effect_target target;
	uint32_t extent;
	uint32_t clause; /* counted from the function's first */
	uint64_t off;
	uint64_t size;
	uint64_t stride;
	uint64_t count;
	uint64_t capacity;
	uint32_t bit_off;
	uint32_t bit_size;
	uint64_t value;
	uint32_t target_extent;
	uint64_t target_off;
	struct ckpt_hash128 identity;
	const uint8_t *payload; /* size × count bytes, not copied */
};

/* The count of extents the stream starts from. BADDATA, also for another
 * version. */
enum ckpt_status ckpt_effect_open(struct ckpt_reader *reader,
				  uint32_t *ret_extent_count) CKPT_MUST_CHECK;

/* The next one. The last is END, with nothing behind it. BADDATA, and then
 * *ret is not to be looked at. */
enum ckpt_status ckpt_effect_next(struct ckpt_reader *reader,
				  struct ckpt_effect *ret) CKPT_MUST_CHECK;

#endif
