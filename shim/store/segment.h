/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_SEGMENT_H
#define CKPT_STORE_SEGMENT_H

/*
 * Reading segments: seg/<4 hex digits>, files of at most 64 MiB of records one
 * behind the other, each beginning at a multiple of 16 bytes.
 *
 * A segment has one writer (writer.h) and only ever grows, so what the index
 * points at does not change under a reader; retiring one unlinks it, and who
 * has it open or mapped reads on. A record is found by its offset or by going
 * through the segment from the start; bytes that are no record (a writer died
 * while it wrote) are passed over in steps of 16.
 *
 * At first records are read with pread(2): a short process pays for few page
 * faults. After CKPT_SEGMENT_MAP_AFTER of them segments are mapped. A record is
 * copied out and summed in one pass, and what was summed is the copy: nothing
 * that anyone does to the file can give a wrong value. But a file that someone
 * cuts short while it is mapped raises SIGBUS where it was; so its size is
 * looked at again every few milliseconds of use, and nobody but the user may
 * write to it.
 *
 * Hot path. Lock-free; safe to go on with in a forked child.
 */

#include "shim/store/io.h"
#include "shim/store/layout.h"
#include "shim/store/record.h"

#define CKPT_SEGMENT_MAGIC "ckptsegm"

enum {
	CKPT_SEGMENT_FORMAT = 1,
	CKPT_SEGMENT_MAX_SIZE = 64 << 20,
	CKPT_SEGMENT_FIRST_ID = 1,
	CKPT_SEGMENT_LAST_ID = 0xfffe,
	CKPT_SEGMENT_MAP_AFTER = 1000,
	CKPT_SEGMENT_FDS = 32,
	/* The largest record that goes into a segment, head and all. */
	CKPT_SEGMENT_RECORD_MAX = 64 << 10,
};

/* The start of a segment. A file shorter than this was just made and has no
 * record. */
struct ckpt_segment_header {
	uint8_t magic[8];
	uint32_t format;
	uint32_t id;
	int64_t created_s;
	uint8_t reserved[32];
	uint64_t checksum; /* ckpt_hash64 of what stands before */
};

/* One mapped segment. */
struct ckpt_segment_map {
	const uint8_t *base; /* of CKPT_SEGMENT_MAX_SIZE bytes; NULL: none */
	uint32_t size;	     /* of the file, when it was last looked at */
	uint32_t checked_ms; /* when that was, coarse */
	uint64_t inode;
};

/* One open segment. */
struct ckpt_segment_fd {
	uint32_t is_busy;
	uint32_t id;
	int fd;
	dev_t dev;
	ino_t inode;
};

/* Zero-initialise but for the first two. */
struct ckpt_segments {
	struct ckpt_layout *layout;
	struct ckpt_io_pool *pool;     /* what entries are read into */
	struct ckpt_segment_map *maps; /* one per id, made at the first need */
	struct ckpt_segment_fd fds[CKPT_SEGMENT_FDS];
	uint32_t read_count;
	uint32_t map_after; /* 0: CKPT_SEGMENT_MAP_AFTER; UINT32_MAX: never */
};

void ckpt_segments_deinit(struct ckpt_segments *segments);

/* "seg/00a7" */
void ckpt_segment_name(unsigned id, char name[CKPT_LAYOUT_NAME_SIZE]);
/* The id that a file's name says, 0 if none. */
unsigned ckpt_segment_parse_name(const char *name);

void ckpt_segment_init_header(struct ckpt_segment_header *header, unsigned id);
bool ckpt_segment_is_header(const struct ckpt_segment_header *header,
			    unsigned id);

/* What is asked for. */
struct ckpt_segment_place {
	unsigned id;
	uint64_t off;
	struct ckpt_hash128 key;
	uint32_t now_ms; /* a coarse clock of the caller */
};

/* The record at that place, if it is the key's. NOTFOUND: it is another one's.
 * BADDATA: there is no whole record. INVALID: there is no such segment. IO: it
 * cannot be read now. */
enum ckpt_status ckpt_segments_get(struct ckpt_segments *segments,
				   const struct ckpt_segment_place *place,
				   struct ckpt_entry *ret) CKPT_MUST_CHECK;

/* Make the record at `off` none, so that a rebuild of the index does not bring
 * it back. The slot must not point at it any more. */
void ckpt_segments_erase(struct ckpt_segments *segments, unsigned id,
			 uint64_t off);

/* The key of the record at `off`, not verified. */
enum ckpt_status
ckpt_segments_get_key(struct ckpt_segments *segments, unsigned id, uint64_t off,
		      struct ckpt_hash128 *ret) CKPT_MUST_CHECK;

#endif
