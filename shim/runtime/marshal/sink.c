/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/sink.h"

struct ckpt_hash128 ckpt_sink_digest(const struct ckpt_sink *sink)
{
	return ckpt_hash(sink->secret, sink->bytes, sink->size);
}

void ckpt_sink_fold(struct ckpt_sink *sink)
{
	struct ckpt_hash128 digest = ckpt_sink_digest(sink);

	sink->fold_count++;
	memcpy(sink->bytes, &digest, sizeof(digest));
	memcpy(sink->bytes + sizeof(digest), &sink->fold_count,
	       sizeof(sink->fold_count));
	sink->size = sizeof(digest) + sizeof(sink->fold_count);
}

/* Filled up with zeroes to a word. */
static void put_bytes(struct ckpt_sink *sink, const void *data, uint32_t size)
{
	uint32_t padded = (size + 7) & ~7u;

	if (sink->capacity - sink->size < padded)
		ckpt_sink_fold(sink);
	memset(sink->bytes + sink->size + padded - 8, 0, 8);
	memcpy(sink->bytes + sink->size, data, size);
	sink->size += padded;
}

void ckpt_sink_put_content(struct ckpt_sink *sink, const void *data,
			   uint64_t size)
{
	if (!size)
		return;
	if (size <= CKPT_SINK_INLINE_MAX)
		put_bytes(sink, data, (uint32_t)size);
	else
		ckpt_sink_put_digest(sink, ckpt_hash(sink->secret, data, size));
}
