/* SPDX-License-Identifier: MIT */
#include "shim/common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "integers are copied as they lie in memory");

enum ckpt_status ckpt_reader_seek(struct ckpt_reader *r, uint64_t offset)
{
	if (offset > (uint64_t)(r->end - r->start))
		return CKPT_BADDATA;
	r->next = r->start + offset;
	return CKPT_OK;
}

enum ckpt_status ckpt_read_bytes(struct ckpt_reader *r, uint64_t size,
				 const void **ret)
{
	if (size > ckpt_reader_left(r))
		return CKPT_BADDATA;
	*ret = r->next;
	r->next += size;
	return CKPT_OK;
}

enum ckpt_status ckpt_read_copy(struct ckpt_reader *r, void *to, size_t size)
{
	if (size > ckpt_reader_left(r))
		return CKPT_BADDATA;
	if (size)
		memcpy(to, r->next, size);
	r->next += size;
	return CKPT_OK;
}

enum ckpt_status ckpt_read_u8(struct ckpt_reader *r, uint8_t *ret)
{
	return ckpt_read_copy(r, ret, sizeof(*ret));
}

enum ckpt_status ckpt_read_u16(struct ckpt_reader *r, uint16_t *ret)
{
	return ckpt_read_copy(r, ret, sizeof(*ret));
}

enum ckpt_status ckpt_read_u32(struct ckpt_reader *r, uint32_t *ret)
{
	return ckpt_read_copy(r, ret, sizeof(*ret));
}

enum ckpt_status ckpt_read_u64(struct ckpt_reader *r, uint64_t *ret)
{
	return ckpt_read_copy(r, ret, sizeof(*ret));
}

enum ckpt_status ckpt_read_long_uleb(struct ckpt_reader *r, uint64_t *ret)
{
	const uint8_t *p = r->next;
	uint64_t value = 0;
	unsigned int shift = 0;

	for (;;) {
		uint64_t bits;

		if (p == r->end)
			return CKPT_BADDATA;
		bits = *p & 0x7f;
		/* Padding by zero bits is legal, any other bit is too much. */
		if (shift >= 64 ? bits != 0 : (bits << shift) >> shift != bits)
			return CKPT_BADDATA;
		if (shift < 64)
			value |= bits << shift;
		shift += 7;
		if (!(*p++ & 0x80))
			break;
	}
	r->next = p;
	*ret = value;
	return CKPT_OK;
}

/* Whether the seven bits at `shift` leave a value of 64 bits intact: from bit
 * 63 on, all of them must repeat the sign. */
static int fits_sleb(uint64_t value, uint8_t byte, unsigned int shift)
{
	uint8_t bits = byte & 0x7f;

	if (shift < 63)
		return 1;
	if (shift == 63)
		return bits == 0 || bits == 0x7f;
	return bits == (value >> 63 ? 0x7f : 0);
}

enum ckpt_status ckpt_read_sleb(struct ckpt_reader *r, int64_t *ret)
{
	const uint8_t *p = r->next;
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		if (p == r->end)
			return CKPT_BADDATA;
		byte = *p++;
		if (!fits_sleb(value, byte, shift))
			return CKPT_BADDATA;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (shift < 70)
			shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= ~(uint64_t)0 << shift;
	r->next = p;
	*ret = (int64_t)value;
	return CKPT_OK;
}

enum ckpt_status ckpt_read_string(struct ckpt_reader *r, const char **ret)
{
	const uint8_t *nul = NULL;

	if (r->next != r->end)
		nul = memchr(r->next, 0, ckpt_reader_left(r));
	if (!nul)
		return CKPT_BADDATA;
	*ret = (const char *)r->next;
	r->next = nul + 1;
	return CKPT_OK;
}

void ckpt_buf_deinit(struct ckpt_buf *buf)
{
	free(buf->data);
	*buf = (struct ckpt_buf){0};
}

enum ckpt_status ckpt_buf_status(const struct ckpt_buf *buf)
{
	return buf->is_failed ? CKPT_NOMEM : CKPT_OK;
}

/* Room for `size` more bytes, or NULL for ever after. */
static uint8_t *reserve_bytes(struct ckpt_buf *buf, size_t size)
{
	size_t capacity = buf->capacity ? buf->capacity : 256;
	uint8_t *data;

	if (buf->is_failed)
		return NULL;
	if (buf->data && size <= buf->capacity - buf->size)
		return buf->data + buf->size;
	if (size > SIZE_MAX / 4 - buf->size) {
		buf->is_failed = 1;
		return NULL;
	}
	while (capacity - buf->size < size)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->is_failed = 1;
		return NULL;
	}
	buf->data = data;
	buf->capacity = capacity;
	return data + buf->size;
}

void ckpt_buf_add(struct ckpt_buf *buf, const void *data, size_t size)
{
	uint8_t *to = reserve_bytes(buf, size);

	if (!to)
		return;
	if (size)
		memcpy(to, data, size);
	buf->size += size;
}

void ckpt_buf_add_u8(struct ckpt_buf *buf, uint8_t value)
{
	ckpt_buf_add(buf, &value, sizeof(value));
}

void ckpt_buf_add_u32(struct ckpt_buf *buf, uint32_t value)
{
	ckpt_buf_add(buf, &value, sizeof(value));
}

void ckpt_buf_add_u64(struct ckpt_buf *buf, uint64_t value)
{
	ckpt_buf_add(buf, &value, sizeof(value));
}

void ckpt_buf_add_text(struct ckpt_buf *buf, const char *text)
{
	ckpt_buf_add(buf, text, strlen(text));
}

void ckpt_buf_format(struct ckpt_buf *buf, const char *format, ...)
{
	va_list args;
	int size;
	uint8_t *to;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0) {
		buf->is_failed = 1;
		return;
	}
	/* vsnprintf writes a NUL that does not count. */
	to = reserve_bytes(buf, (size_t)size + 1);
	if (!to)
		return;
	va_start(args, format);
	(void)vsnprintf((char *)to, (size_t)size + 1, format, args);
	va_end(args);
	buf->size += (size_t)size;
}

void ckpt_buf_align(struct ckpt_buf *buf, size_t alignment)
{
	size_t padding = -buf->size & (alignment - 1);
	uint8_t *to = reserve_bytes(buf, padding);

	if (!to)
		return;
	memset(to, 0, padding);
	buf->size += padding;
}
