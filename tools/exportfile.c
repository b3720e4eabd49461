/* SPDX-License-Identifier: MIT */
#include "tools/exportfile.h"

#include <string.h>

static uint64_t sum_header(const struct ckpt_export_header *header)
{
	return ckpt_hash64(header,
			   offsetof(struct ckpt_export_header, checksum));
}

void ckpt_export_init(struct ckpt_export_header *header,
		      const struct ckpt_hash_secret *secret, bool has_secret)
{
	*header = (struct ckpt_export_header){
		.magic = CKPT_EXPORT_MAGIC,
		.format = CKPT_EXPORT_FORMAT,
		.flags = has_secret ? CKPT_EXPORT_HAS_SECRET : 0,
		.fingerprint = ckpt_hash(NULL, secret, sizeof(*secret)),
	};
	if (has_secret)
		header->secret = *secret;
	header->checksum = sum_header(header);
}

enum ckpt_status ckpt_export_read_header(struct ckpt_reader *r,
					 struct ckpt_export_header *ret)
{
	struct ckpt_export_header header;
	enum ckpt_status status = ckpt_read_copy(r, &header, sizeof(header));

	if (status)
		return status;
	if (memcmp(header.magic, CKPT_EXPORT_MAGIC, 8) != 0)
		return CKPT_BADDATA;
	if (header.format != CKPT_EXPORT_FORMAT)
		return CKPT_UNSUPPORTED;
	if (header.checksum != sum_header(&header))
		return CKPT_BADDATA;
	*ret = header;
	return CKPT_OK;
}

enum ckpt_status ckpt_export_next(struct ckpt_reader *r, uint64_t count,
				  struct ckpt_record *ret)
{
	const void *bytes;
	enum ckpt_status status;
	uint64_t size;

	status = ckpt_read_u64(r, &size);
	if (status)
		return status;
	if (!size) {
		status = ckpt_read_u64(r, &size);
		if (status)
			return status;
		return size == count ? CKPT_NOTFOUND : CKPT_BADDATA;
	}
	status = ckpt_read_bytes(r, size, &bytes);
	if (status)
		return status;
	return ckpt_record_parse(bytes, size, ret);
}
