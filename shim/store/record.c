/* SPDX-License-Identifier: MIT */
#include "shim/store/record.h"

#include <string.h>

_Static_assert(sizeof(struct ckpt_record_header) == 64, "no holes");
_Static_assert(offsetof(struct ckpt_record_header, key) == CKPT_RECORD_SUM_OFF,
	       "the checksum covers all that follows it");
_Static_assert(sizeof(struct ckpt_record_header) + 95 + 63 + 15 <
		       CKPT_RECORD_HEAD_MAX,
	       "the longest names fit");

static size_t round_up(size_t size)
{
	return (size + CKPT_RECORD_ALIGNMENT - 1) &
	       ~(size_t)(CKPT_RECORD_ALIGNMENT - 1);
}

size_t ckpt_record_head_size(const struct ckpt_record_header *header)
{
	return round_up(sizeof(*header) + header->function_size +
			header->object_size);
}

static uint64_t sum_draft(const struct ckpt_record_draft *draft)
{
	const uint8_t *from = draft->head + CKPT_RECORD_SUM_OFF;
	size_t size = draft->head_size - CKPT_RECORD_SUM_OFF;
	struct ckpt_hasher hasher;

	if (!draft->part_count)
		return ckpt_hash64(from, size);
	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, from, size);
	for (int i = 0; i < draft->part_count; i++)
		ckpt_hasher_update(&hasher, draft->parts[i].iov_base,
				   draft->parts[i].iov_len);
	return ckpt_hasher_final64(&hasher);
}

/* Header, names, zeroes. */
static void put_head(struct ckpt_record_draft *draft,
		     const struct ckpt_record_header *header,
		     const struct ckpt_entry_info *info)
{
	uint8_t *names = draft->head + sizeof(*header);

	draft->head_size = ckpt_record_head_size(header);
	memset(draft->head + draft->head_size - CKPT_RECORD_ALIGNMENT, 0,
	       CKPT_RECORD_ALIGNMENT);
	memcpy(names, info->function, header->function_size);
	memcpy(names + header->function_size, info->object,
	       header->object_size);
	memcpy(draft->head, header, sizeof(*header));
}

/* The parts behind the head, if they fit. */
static void gather_parts(struct ckpt_record_draft *draft)
{
	if (draft->size > sizeof(draft->head))
		return;
	for (int i = 0; i < draft->part_count; i++) {
		const struct iovec *part = &draft->parts[i];

		if (part->iov_len)
			memcpy(draft->head + draft->head_size, part->iov_base,
			       part->iov_len);
		draft->head_size += part->iov_len;
	}
	draft->part_count = 0;
}

enum ckpt_status ckpt_record_build(struct ckpt_hash128 key,
				   const struct ckpt_entry_info *info,
				   const struct iovec *parts, int part_count,
				   struct ckpt_record_draft *ret)
{
	struct ckpt_record_header header = {
		.magic = CKPT_RECORD_MAGIC,
		.format = CKPT_RECORD_FORMAT,
		.key = key,
		.created_s = info->created_s,
		.duration_ns = info->duration_ns,
	};

	for (int i = 0; i < part_count; i++)
		if (__builtin_add_overflow(header.payload_size,
					   parts[i].iov_len,
					   &header.payload_size))
			return CKPT_UNSUPPORTED;
	if (header.payload_size > INT64_MAX - CKPT_RECORD_HEAD_MAX)
		return CKPT_UNSUPPORTED;
	header.function_size =
		(uint8_t)strnlen(info->function, sizeof(info->function) - 1);
	header.object_size =
		(uint8_t)strnlen(info->object, sizeof(info->object) - 1);
	put_head(ret, &header, info);
	ret->key = key;
	ret->size = ret->head_size + header.payload_size;
	ret->parts = parts;
	ret->part_count = part_count;
	gather_parts(ret);
	header.checksum = sum_draft(ret);
	memcpy(ret->head, &header, sizeof(header));
	return CKPT_OK;
}

static enum ckpt_status check_header(const struct ckpt_record_header *header)
{
	const struct ckpt_entry_info *info = NULL;

	if (header->magic != CKPT_RECORD_MAGIC ||
	    header->format != CKPT_RECORD_FORMAT || header->reserved ||
	    header->flags || header->reserved2 ||
	    header->function_size >= sizeof(info->function) ||
	    header->object_size >= sizeof(info->object) ||
	    header->payload_size > INT64_MAX - CKPT_RECORD_HEAD_MAX)
		return CKPT_BADDATA;
	return CKPT_OK;
}

enum ckpt_status
ckpt_record_measure_header(const struct ckpt_record_header *header,
			   uint64_t *ret_size)
{
	enum ckpt_status status = check_header(header);

	if (status)
		return status;
	*ret_size = ckpt_record_head_size(header) + header->payload_size;
	return CKPT_OK;
}

enum ckpt_status ckpt_record_measure(const void *bytes, size_t size,
				     uint64_t *ret_size)
{
	struct ckpt_record_header header;

	if (size < sizeof(header))
		return CKPT_BADDATA;
	memcpy(&header, bytes, sizeof(header));
	return ckpt_record_measure_header(&header, ret_size);
}

static void take_apart(const void *bytes,
		       const struct ckpt_record_header *header,
		       struct ckpt_record *ret)
{
	ret->key = header->key;
	ret->created_s = header->created_s;
	ret->duration_ns = header->duration_ns;
	ret->bytes = bytes;
	ret->payload = (const uint8_t *)bytes + ckpt_record_head_size(header);
	ret->payload_size = header->payload_size;
}

enum ckpt_status ckpt_record_parse_summed(const void *bytes, size_t size,
					  uint64_t sum, struct ckpt_record *ret)
{
	struct ckpt_record_header header;
	enum ckpt_status status;
	uint64_t whole;

	status = ckpt_record_measure(bytes, size, &whole);
	if (status)
		return status;
	memcpy(&header, bytes, sizeof(header));
	if (whole != size || header.checksum != sum)
		return CKPT_BADDATA;
	take_apart(bytes, &header, ret);
	return CKPT_OK;
}

enum ckpt_status ckpt_record_peek(const void *bytes, size_t readable,
				  uint64_t size, struct ckpt_record *ret)
{
	struct ckpt_record_header header;
	enum ckpt_status status;
	uint64_t whole;

	status = ckpt_record_measure(bytes, readable, &whole);
	if (status)
		return status;
	memcpy(&header, bytes, sizeof(header));
	if (whole != size || ckpt_record_head_size(&header) > readable)
		return CKPT_BADDATA;
	take_apart(bytes, &header, ret);
	ret->payload = NULL;
	return CKPT_OK;
}

enum ckpt_status ckpt_record_parse(const void *bytes, size_t size,
				   struct ckpt_record *ret)
{
	if (size < sizeof(struct ckpt_record_header))
		return CKPT_BADDATA;
	return ckpt_record_parse_summed(
		bytes, size,
		ckpt_hash64((const uint8_t *)bytes + CKPT_RECORD_SUM_OFF,
			    size - CKPT_RECORD_SUM_OFF),
		ret);
}

void ckpt_record_describe(const struct ckpt_record *record,
			  struct ckpt_entry_info *ret)
{
	struct ckpt_record_header header;
	const char *names = (const char *)record->bytes + sizeof(header);

	memcpy(&header, record->bytes, sizeof(header));
	*ret = (struct ckpt_entry_info){
		.created_s = record->created_s,
		.duration_ns = record->duration_ns,
	};
	memcpy(ret->function, names, header.function_size);
	memcpy(ret->object, names + header.function_size, header.object_size);
}
