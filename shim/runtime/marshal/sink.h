/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SINK_H
#define CKPT_RUNTIME_SINK_H

/*
 * A keyed digest of words, fed piece by piece. Words stand in a buffer of the
 * caller's; when it is full, its digest and a count take their place, so that
 * a small key is hashed in one go and a large one needs no more memory.
 * Whoever feeds it sees to it that the words are prefix-free.
 *
 * Hot path: no memory of its own, no system call.
 */

#include "shim/common/hash.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Content up to this size stands among the words as it is; more as digest. */
enum { CKPT_SINK_INLINE_MAX = 64 };

/* Zero-initialise but for the first three. */
struct ckpt_sink {
	const struct ckpt_hash_secret *secret; /* NULL: unkeyed */
	uint8_t *bytes;
	uint32_t capacity; /* a multiple of 8, at least 128 */
	uint32_t size;
	uint64_t fold_count;
};

void ckpt_sink_fold(struct ckpt_sink *sink);
struct ckpt_hash128 ckpt_sink_digest(const struct ckpt_sink *sink);

static inline void ckpt_sink_put_word(struct ckpt_sink *sink, uint64_t word)
{
	if (sink->capacity - sink->size < sizeof(word))
		ckpt_sink_fold(sink);
	memcpy(sink->bytes + sink->size, &word, sizeof(word));
	sink->size += sizeof(word);
}

static inline void ckpt_sink_put_digest(struct ckpt_sink *sink,
					struct ckpt_hash128 digest)
{
	ckpt_sink_put_word(sink, digest.lo);
	ckpt_sink_put_word(sink, digest.hi);
}

static inline void ckpt_sink_put_value(struct ckpt_sink *sink, __int128 value)
{
	ckpt_sink_put_word(sink, (uint64_t)value);
	ckpt_sink_put_word(sink, (uint64_t)(value >> 64));
}

/* Bytes whose number is among the words already, or always the same. */
void ckpt_sink_put_content(struct ckpt_sink *sink, const void *data,
			   uint64_t size);

#endif
