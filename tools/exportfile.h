/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_EXPORTFILE_H
#define CKPT_TOOLS_EXPORTFILE_H

/*
 * The format of `ckpt export`: results of a store in one file.
 *
 *     header | for each: uint64_t size, record (record.h) | uint64_t 0, count
 *
 * Little-endian. A record verifies itself; a file without its end was cut. Keys
 * are seeded with the secret of their store, so results are of use only in a
 * store of the same secret: the header has its fingerprint, and on request the
 * secret itself, for a store that is yet to be made.
 */

#include "shim/common/buf.h"
#include "shim/common/hash.h"
#include "shim/store/record.h"

#define CKPT_EXPORT_MAGIC "ckptexpo"

enum {
	CKPT_EXPORT_FORMAT = 1,
	CKPT_EXPORT_HAS_SECRET = 1, /* flag */
};

struct ckpt_export_header {
	uint8_t magic[8];
	uint32_t format;
	uint32_t flags;
	struct ckpt_hash128 fingerprint; /* ckpt_hash of the secret */
	struct ckpt_hash_secret secret;	 /* zeroes without the flag */
	uint64_t checksum;		 /* ckpt_hash64 of what stands before */
};

void ckpt_export_init(struct ckpt_export_header *header,
		      const struct ckpt_hash_secret *secret, bool has_secret);

/* BADDATA: it is no export. UNSUPPORTED: of a newer ckpt. */
enum ckpt_status
ckpt_export_read_header(struct ckpt_reader *r,
			struct ckpt_export_header *ret) CKPT_MUST_CHECK;

/* The next record, verified. NOTFOUND: that was the end, and `count` records
 * there should be. BADDATA: damaged or cut. */
enum ckpt_status ckpt_export_next(struct ckpt_reader *r, uint64_t count,
				  struct ckpt_record *ret) CKPT_MUST_CHECK;

#endif
