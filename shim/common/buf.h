/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_BUF_H
#define CKPT_COMMON_BUF_H

/*
 * Bounds-checked reading of bytes from outside, and a growing buffer to write
 * bytes with. The one reader for ELF, DWARF, plans, records and the network.
 *
 * A reader allocates nothing and may run on the hot path. Sizes are checked by
 * subtraction. A failed read leaves the position where it was. Integers are
 * little-endian, unaligned. A buffer allocates with malloc: set-up world only.
 */

#include "shim/common/status.h"

#include <stddef.h>
#include <stdint.h>

struct ckpt_reader {
	const uint8_t *start;
	const uint8_t *next;
	const uint8_t *end;
};

static inline void ckpt_reader_init(struct ckpt_reader *r, const void *data,
				    size_t size)
{
	r->start = data;
	r->next = r->start;
	r->end = r->start + size;
}

static inline size_t ckpt_reader_left(const struct ckpt_reader *r)
{
	return (size_t)(r->end - r->next);
}

static inline size_t ckpt_reader_offset(const struct ckpt_reader *r)
{
	return (size_t)(r->next - r->start);
}

/* Go to `offset` from the start; the end itself is a valid place. */
enum ckpt_status ckpt_reader_seek(struct ckpt_reader *r,
				  uint64_t offset) CKPT_MUST_CHECK;

/* A view of the next `size` bytes, not copied; valid as long as the data. */
enum ckpt_status ckpt_read_bytes(struct ckpt_reader *r, uint64_t size,
				 const void **ret) CKPT_MUST_CHECK;
/* The same, copied to `to`. */
enum ckpt_status ckpt_read_copy(struct ckpt_reader *r, void *to,
				size_t size) CKPT_MUST_CHECK;
enum ckpt_status ckpt_read_u8(struct ckpt_reader *r,
			      uint8_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_read_u16(struct ckpt_reader *r,
			       uint16_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_read_u32(struct ckpt_reader *r,
			       uint32_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_read_u64(struct ckpt_reader *r,
			       uint64_t *ret) CKPT_MUST_CHECK;
/* LEB128 (DWARF5 7.6); more than 64 bits is BADDATA. */
enum ckpt_status ckpt_read_long_uleb(struct ckpt_reader *r,
				     uint64_t *ret) CKPT_MUST_CHECK;
static inline CKPT_MUST_CHECK enum ckpt_status
ckpt_read_uleb(struct ckpt_reader *r, uint64_t *ret)
{
	/* Nearly all are of one byte. */
	if (r->next == r->end || *r->next & 0x80)
		return ckpt_read_long_uleb(r, ret);
	*ret = *r->next++;
	return CKPT_OK;
}
enum ckpt_status ckpt_read_sleb(struct ckpt_reader *r,
				int64_t *ret) CKPT_MUST_CHECK;
/* A NUL-terminated string inside the data, not copied. */
enum ckpt_status ckpt_read_string(struct ckpt_reader *r,
				  const char **ret) CKPT_MUST_CHECK;

/* Zero-initialise; deinit frees. A failed growth makes all later writes
 * no-ops, so that only ckpt_buf_status() need be looked at, at the end. */
struct ckpt_buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	int is_failed;
};

void ckpt_buf_deinit(struct ckpt_buf *buf);
enum ckpt_status ckpt_buf_status(const struct ckpt_buf *buf) CKPT_MUST_CHECK;
void ckpt_buf_add(struct ckpt_buf *buf, const void *data, size_t size);
void ckpt_buf_add_u8(struct ckpt_buf *buf, uint8_t value);
void ckpt_buf_add_u32(struct ckpt_buf *buf, uint32_t value);
void ckpt_buf_add_u64(struct ckpt_buf *buf, uint64_t value);
/* The characters without the NUL. */
void ckpt_buf_add_text(struct ckpt_buf *buf, const char *text);
void ckpt_buf_format(struct ckpt_buf *buf, const char *format, ...)
	CKPT_PRINTF(2, 3);
/* Zeroes up to a multiple of `alignment`, a power of two. */
void ckpt_buf_align(struct ckpt_buf *buf, size_t alignment);

#endif
