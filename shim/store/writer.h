/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_WRITER_H
#define CKPT_STORE_WRITER_H

/*
 * Appending records to segments. A process has one segment at a time, which is
 * its own as long as it holds flock(2) on it; its threads reserve room by one
 * addition and write with pwritev(2). When it ends, however it ends, the next
 * process adopts the segment.
 *
 * A crash between reservation and write leaves bytes that are no record; one
 * between write and publication a record that only a rebuild of the index
 * finds. Nothing is written through a mapping: a full disk is an error and not
 * a SIGBUS. A forked child (recognised by a page that the kernel wipes in it)
 * leaves the segment to its parent and takes one of its own.
 *
 * Hot path, no lock: where another thread is just changing segments, the
 * answer is UNSUPPORTED, and the value can go into a file.
 */

#include "shim/store/index.h"
#include "shim/store/segment.h"

struct ckpt_writer_segment {
	uint64_t tail;	/* where the next record goes */
	uint32_t users; /* threads in it, and 1 while it is current */
	unsigned id;
	int fd;
	/* The file position, which nothing uses: a random number that tells
	 * our open file from whatever the host may put under its number. */
	off_t token;
};

enum { CKPT_WRITER_SEGMENTS = 8 };

/* Zero-initialise, then ckpt_writer_init(). */
struct ckpt_writer {
	struct ckpt_writer_segment segments[CKPT_WRITER_SEGMENTS];
	uint32_t current; /* index + 1; 0: none */
	uint32_t is_switching;
	uint32_t *fork_word; /* 0 in a forked child; NULL: unusable */
	uint64_t limit;	     /* size at which a segment is full */
	uint32_t switch_count;
};

/* `max_size` is the store's, 0 for none: segments are at most a sixteenth. */
void ckpt_writer_init(struct ckpt_writer *writer, uint64_t max_size);
void ckpt_writer_deinit(struct ckpt_writer *writer);

/* Append a record; *ret is its location. UNSUPPORTED: not now,
 * use a file. IO: the disk is full or broken. */
enum ckpt_status ckpt_writer_append(struct ckpt_writer *writer,
				    const struct ckpt_layout *layout,
				    struct ckpt_index_header *header,
				    const struct ckpt_record_draft *draft,
				    uint64_t *ret) CKPT_MUST_CHECK;

/* Let go of the current segment, so that it can be retired. */
void ckpt_writer_leave(struct ckpt_writer *writer);

#endif
