/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_RECORD_H
#define CKPT_STORE_RECORD_H

/*
 * One entry as bytes: the same in a segment and in a file of its own.
 *
 *     header | function name | object name | zeroes to 16 bytes | payload
 *
 * The checksum covers everything behind itself, so that a record which was cut
 * short, half written or changed in any bit is no record; what stands before
 * it is compared with constants. Records are immutable once published. A crash
 * while one is written leaves bytes nobody refers to, which a scan skips since
 * their checksum is wrong.
 *
 * Stateless. Hot path: no allocation, no system call.
 */

#include "shim/common/hash.h"
#include "shim/common/status.h"
#include "shim/store/store.h"

#include <stddef.h>
#include <stdint.h>

enum {
	CKPT_RECORD_MAGIC = 0x31726b63, /* "ckr1" */
	CKPT_RECORD_FORMAT = 1,
	CKPT_RECORD_ALIGNMENT = 16,
	/* Header, names and zeroes together never take more. */
	CKPT_RECORD_HEAD_MAX = 240,
	CKPT_RECORD_GATHERED_MAX = 1024,
};

struct ckpt_record_header {
	uint32_t magic;
	uint16_t format;
	uint16_t reserved; /* 0 */
	uint64_t checksum; /* ckpt_hash64 of all bytes behind this member */
	struct ckpt_hash128 key;
	uint64_t payload_size;
	int64_t created_s;
	uint64_t duration_ns;
	uint8_t function_size; /* bytes of the name, no NUL */
	uint8_t object_size;
	uint16_t flags;	    /* 0 */
	uint32_t reserved2; /* 0 */
};

/* A record to be written: `head`, and behind it the parts of the payload. One
 * that is small stands in the head as a whole: putting a few parts together
 * takes less time than it takes the kernel to go through them. */
struct ckpt_record_draft {
	struct ckpt_hash128 key;
	uint64_t size;		   /* of the record */
	const struct iovec *parts; /* the caller's */
	int part_count;		   /* 0: all is in the head */
	size_t head_size;
	uint8_t head[CKPT_RECORD_GATHERED_MAX]
		__attribute__((aligned(CKPT_RECORD_ALIGNMENT)));
};

/* Build a record, checksum and all. The draft is good as long as `parts` are.
 * UNSUPPORTED: its size overflows. */
enum ckpt_status
ckpt_record_build(struct ckpt_hash128 key, const struct ckpt_entry_info *info,
		  const struct iovec *parts, int part_count,
		  struct ckpt_record_draft *ret) CKPT_MUST_CHECK;

/* Bytes of the head that `header` announces. */
size_t ckpt_record_head_size(const struct ckpt_record_header *header);

/* Is this the header of a record, as far as its constants tell? Then
 * *ret_size is the size of the record as it stands in a segment, without
 * trailing zeroes. BADDATA if not. `size` bytes are readable. */
enum ckpt_status ckpt_record_measure(const void *bytes, size_t size,
				     uint64_t *ret_size) CKPT_MUST_CHECK;
/* The same for one that was copied out already. */
enum ckpt_status
ckpt_record_measure_header(const struct ckpt_record_header *header,
			   uint64_t *ret_size) CKPT_MUST_CHECK;

/* A whole record of exactly `size` bytes: verify and take apart. */
struct ckpt_record {
	struct ckpt_hash128 key;
	int64_t created_s;
	uint64_t duration_ns;
	const void *bytes; /* the record itself */
	const void *payload;
	size_t payload_size;
};
enum ckpt_status ckpt_record_parse(const void *bytes, size_t size,
				   struct ckpt_record *ret) CKPT_MUST_CHECK;

/* The same for one whose checksum was computed while it was being read:
 * `sum` is ckpt_hash64 of the bytes from CKPT_RECORD_SUM_OFF on. */
enum { CKPT_RECORD_SUM_OFF = 16 };
enum ckpt_status
ckpt_record_parse_summed(const void *bytes, size_t size, uint64_t sum,
			 struct ckpt_record *ret) CKPT_MUST_CHECK;

/* The same from the first `readable` bytes of a record of `size` bytes, without
 * verifying it: for listings. No payload. */
enum ckpt_status ckpt_record_peek(const void *bytes, size_t readable,
				  uint64_t size,
				  struct ckpt_record *ret) CKPT_MUST_CHECK;

/* What stands in it about the call, names and all. */
void ckpt_record_describe(const struct ckpt_record *record,
			  struct ckpt_entry_info *ret);

#endif
